namespace Containerception.Clients.Tests;

/// <summary>Archives between docker and cdock, which runs outside of the session: each reads what the other writes, to the same ids.</summary>
public sealed class DockerImageTests(Docker docker) : DockerTest(docker), IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cdock-").FullName;

    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    public void What_docker_builds_and_saves_we_load(string buildKit)
    {
        File.WriteAllText(Docker.Session.PathOf("/tmp/Dockerfile"), """
            FROM box
            RUN mkdir /d && echo 1 >/d/a && echo 2 >/d/b && chown 1234:1235 /d/b
            RUN rm /d/a && ln /d/b /d/c && rm -rf /home && mkdir /home && chmod 1777 /d
            ENV COLOUR=green
            USER ann
            WORKDIR /d
            LABEL note="with spaces"
            CMD ["sh", "-c", "stat -c '%n %a %u:%g' /d /d/*; stat -c %h /d/b; ls -A /home; id -un; pwd; echo $COLOUR"]
            """);
        Docker.Session.Shell($"mkdir -p /tmp/empty && DOCKER_BUILDKIT={buildKit} docker build -q -t built:1 -t built:2 -f /tmp/Dockerfile /tmp/empty").Succeeded();
        Docker.Says("save", "-o", "/tmp/built.tar", "built:1", "built:2", Docker.Image);

        string loaded = Cdock("load", "-i", Docker.Session.PathOf("/tmp/built.tar")).Succeeded();

        Assert.Equal(["Loaded image: box:latest", "Loaded image: built:1", "Loaded image: built:2"], loaded.Split('\n').Order(StringComparer.Ordinal));
        Assert.Equal(Docker.Says("inspect", "-f", "{{.Id}}", "built:2"), Cdock("image", "inspect", "-f", "{{.Id}}", "built:2").Succeeded());
        string said = Docker.Says("run", "--rm", "--network", "none", "built:1");
        Assert.StartsWith("/d 1777 0:0\n/d/b 644 1234:1235\n/d/c 644 1234:1235\n2\nann", said, StringComparison.Ordinal);
        Assert.Equal(said, Cdock("run", "--rm", "built:1").Succeeded());
        Docker.Says("rmi", "built:1", "built:2");
    }

    [Fact]
    public void What_we_make_and_save_docker_loads()
    {
        Docker.Says("save", "-o", "/tmp/box-image.tar", Docker.Image);
        Cdock("load", "-i", Docker.Session.PathOf("/tmp/box-image.tar")).Succeeded();
        Cdock("run", "--name", "maker", "box", "sh", "-c", "echo ours >/ours; chown ann /ours; rm /etc/group; rm -rf /home; mkdir /home").Succeeded();
        string id = Cdock("commit", "-c", "CMD [\"sh\", \"-c\", \"stat -c %u /ours; cat /ours; ls -A /home; test -e /etc/group || echo gone\"]", "maker", "ours:1").Succeeded();
        string said = Cdock("run", "--rm", "ours:1").Succeeded();
        string archive = Path.Join(_root, "ours.tar");
        Cdock("save", "-o", archive, "ours:1").Succeeded();
        File.Copy(archive, Docker.Session.PathOf("/tmp/ours.tar"), overwrite: true);

        Assert.Equal("Loaded image: ours:1", Docker.Says("load", "-i", "/tmp/ours.tar"));

        Assert.Equal(id, Docker.Says("inspect", "-f", "{{.Id}}", "ours:1"));
        Assert.Equal("1234\nours\ngone", said);
        Assert.Equal(said, Docker.Says("run", "--rm", "--network", "none", "ours:1"));
        Docker.Says("rmi", "ours:1");
    }

    [Fact]
    public void Files_that_one_exports_the_other_imports()
    {
        Docker.Says("create", "--name", "theirs", Docker.Image, "true");
        Docker.Says("export", "-o", "/tmp/theirs.tar", "theirs");
        Cdock("import", Docker.Session.PathOf("/tmp/theirs.tar"), "theirs:1").Succeeded();
        Assert.Equal("ann", Cdock("run", "--rm", "-u", "1234", "theirs:1", "id", "-un").Succeeded());

        Cdock("create", "--name", "ours", "theirs:1", "true").Succeeded();
        string archive = Path.Join(_root, "ours.tar");
        Cdock("export", "-o", archive, "ours").Succeeded();
        File.Copy(archive, Docker.Session.PathOf("/tmp/exported.tar"), overwrite: true);
        Docker.Says("import", "/tmp/exported.tar", "imported:1");

        Assert.Equal("ann", Docker.Says("run", "--rm", "--network", "none", "-u", "1234", "imported:1", "id", "-un"));
        Docker.Says("rmi", "imported:1");
    }

    void IDisposable.Dispose()
    {
        foreach (string container in Cdock("ps", "-aq").Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Cdock("rm", "-f", container).Succeeded();
        }

        Directory.Delete(_root, recursive: true);
        Dispose();
    }

    private Outcome Cdock(params string[] words)
    {
        string program = Path.Join(Repository.Root, "out/cdock");
        Needs.PathTo(program);
        using Command command = new([program, .. words], environment: new Dictionary<string, string?>
        {
            ["CDOCK_ROOT"] = _root,
            ["PATH"] = $"{Path.GetDirectoryName(program)}:{Environment.GetEnvironmentVariable("PATH")}",
        });
        return command.Wait();
    }
}
