using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary><c>--nest</c> by a plain user: what root's containers do, his do, with no id but his own.</summary>
public sealed class PlainUserNestTests : IDisposable, IClassFixture<NestRoot>
{
    private readonly NestRoot _root;
    private readonly PlainUser _user = new();

    public PlainUserNestTests(NestRoot root)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        _root = root;
        _user.Ok("import", root.Archive, "base");
    }

    [Fact]
    public void His_container_runs_containers_as_one_does_outside()
    {
        string said = Nested(NestRoot.Import + NestRoot.Use + """

            cdock run --rm -v data:/data --user ann base sh -c 'id -u; touch /data/file 2>/dev/null || echo of root'
            cdock ps -aq
            """);

        Assert.Equal(NestRoot.UseSays + "\n1234\nof root", said);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("bridge")]
    public void Levels_go_down_to_the_kernels_limit_and_all_of_them_go_away(string network)
    {
        // MAX_PID_NS_LEVEL of the kernel. His own user namespace is one level, but user namespaces go to 33.
        const int levels = 32;

        Outcome outcome = Sh("exec down 1 99 true", "-e", $"NETWORK={network}");

        Assert.Equal(string.Concat(Enumerable.Range(1, levels).Select(level => $"level {level} 2 /\n")), outcome.Output);
        Assert.Contains("user and pid namespaces nest 32 deep", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(125, outcome.ExitCode);
    }

    [Fact]
    public void The_image_host_nests_too()
        => Assert.Equal("deep", _user.Ok("run", "--rm", "--nest", "host", "cdock", "run", "--rm", "--nest", "host", "cdock", "run", "--rm", "host", "echo", "deep"));

    [Fact]
    public void Its_store_stays_and_is_his()
    {
        _user.Ok("create", "--name", "again", "--nest", "-v", $"{_root.Archive}:/root.tar:ro", "base", "sh", "-c",
            "cdock images -q | wc -l; cdock import /root.tar base >/dev/null; cdock run --rm --network none base echo ran");

        Assert.Equal("0\nran", _user.Ok("start", "-a", "again"));
        Assert.Equal("1\nran", _user.Ok("start", "-a", "again"));
        _user.Ok("rm", "-v", "again");
        Assert.Empty(Directory.GetDirectories(Path.Join(_user.Home, ".local/share/cdock/volumes")));
    }

    [Fact]
    public void His_images_are_inside_to_be_used_and_never_written_although_their_files_are_his()
    {
        string said = _user.Ok("run", "--rm", "--nest=share-images", "--network", "none", "base", "sh", "-c", """
            cdock run --rm --network none base echo ran
            layers=/var/lib/cdock-images/layers
            evil=$(ls -d $layers/* | head -1)/bin/evil
            stat -c %u $(dirname $evil)
            touch $evil 2>/dev/null || echo read-only
            mount -o remount,rw,bind $layers 2>/dev/null && touch $evil || echo locked
            umount $layers 2>/dev/null && touch $evil || echo held
            """);

        Assert.Equal("ran\n0\nread-only\nlocked\nheld", said);
        Assert.Empty(Directory.GetFiles(Path.Join(_user.Home, ".local/share/cdock/layers"), "evil", SearchOption.AllDirectories));
    }

    [Fact]
    public void Limits_that_nobody_gave_him_are_refused_inside_as_outside()
    {
        Needs.Met(!File.Exists("/sys/fs/cgroup/cgroup.controllers"), "cgroup v1, of which a plain user is given nothing");

        Outcome outcome = Sh(NestRoot.Import + "cdock run --rm --network none --memory 30m base true; echo $?; cdock run --rm --network none base echo without");

        Assert.Equal("125\nwithout\n", outcome.Output);
        Assert.Contains("read-only", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void In_one_command_he_goes_down_as_root_does()
    {
        Outcome outcome = _user.Do("nest", "3");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Matches("^level 1 .* memory .*\nlevel 2 .*\nlevel 3  +level-3 +pid [0-9]+ .*\n3 levels in ", outcome.Output);
        Assert.Equal(File.Exists("/sys/fs/cgroup/cgroup.controllers"), !outcome.Output.Contains("memory no limit", StringComparison.Ordinal));
    }

    [Fact]
    public void It_says_whose_ids_it_has_and_that_there_are_no_limits()
    {
        string told = _user.Do("run", "--rm", "--nest", "--explain", "base", "true").Error;

        Assert.Matches(@"(?m)^ +[0-9]+ µs  nest: keep the ids of this level\n", told);
        Assert.Equal(File.Exists("/sys/fs/cgroup/cgroup.controllers"), !told.Contains("nest: leave the cgroups as they are", StringComparison.Ordinal));
    }

    [Fact]
    public void With_one_id_it_nests_too()
    {
        _user.Make("subuid", "");
        PlainUser.Kill(_user.Keeper);

        string said = Nested(NestRoot.Import + "cdock run --rm base id; cdock run --rm --nest base sh -c 'tr -s \" \" </proc/self/uid_map; cat /proc/self/setgroups'; cdock run --rm --user ann base id 2>&1; echo $?");

        Assert.StartsWith("uid=0(root) gid=0\n 0 0 1\ndeny\n", said, StringComparison.Ordinal);
        Assert.Contains("--user ann: containers have one user and one group here", said, StringComparison.Ordinal);
        Assert.EndsWith("\n125", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Packets_come_and_go_through_two_levels()
    {
        using PlainUserMachine place = new();
        PlainUser user = place.User;
        user.Ok("import", _root.Archive, "base");
        user.Ok("run", "-d", "--name", "outer", "--nest", "-p", "8080:8080", "-v", $"{_root.Archive}:/root.tar:ro", "base", "sh", "-c",
            NestRoot.Import + "cdock run --rm -p 8080:80 base httpd -f -p 80 -h /etc");
        Cdock.Until(() => user.Do("exec", "outer", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/passwd").ExitCode == 0, "the inner container answers");

        using Socket listener = place.InOther(() => PlainUserMachine.Listener("10.99.0.2", 7000));
        user.Ok("exec", "outer", "cdock", "run", "--rm", "base", "sh", "-c", "echo hello | busybox nc 10.99.0.2 7000 & sleep 1");
        using Socket accepted = listener.Accept();
        Assert.Equal("hello\n", Read(accepted));

        using Socket connection = place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080));
        connection.Send("GET /passwd HTTP/1.0\r\n\r\n"u8);
        Assert.Contains("root:x:0:0", Read(connection), StringComparison.Ordinal);
    }

    public void Dispose() => _user.Dispose();

    private static string Read(Socket socket)
    {
        using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private Outcome Sh(string script, params string[] flags)
        => _user.Do(["run", "--rm", "--nest", "-v", $"{_root.Archive}:/root.tar:ro", .. flags, "base", "sh", "-c", script]);

    private string Nested(string script, params string[] flags)
    {
        Outcome outcome = Sh(script, flags);
        Assert.True(outcome.ExitCode == 0, $"exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }
}
