namespace Containerception.Clients.Tests;

/// <summary>docker build, by BuildKit, which runs every step with the first runc of the PATH: a link to the runtime under test.</summary>
public sealed class DockerBuildTests(Docker docker) : DockerTest(docker)
{
    [Fact]
    public void Each_instruction_has_its_effect()
    {
        Build("built", """
            FROM box
            RUN echo by $(id -u) >/made
            COPY f /f
            USER ann
            RUN id -un >/tmp/who
            RUN --mount=type=cache,target=/c,uid=1234 echo x >/c/x
            RUN --mount=type=cache,target=/c,uid=1234 cat /c/x >/tmp/cached
            RUN --mount=type=tmpfs,target=/t grep "tmpfs /t " /proc/mounts
            RUN --mount=type=bind,source=f,target=/bound cat /bound
            RUN --mount=type=secret,id=s,uid=1234 cat /run/secrets/s >/tmp/secret
            RUN --network=none ls /sys/class/net | grep -c eth >/tmp/net || :
            WORKDIR /w/d
            ENTRYPOINT ["sh", "-c", "echo $(cat /made /f /tmp/who /tmp/cached /tmp/secret /tmp/net) $PWD"]
            """).Succeeded();

        Assert.Equal("by 0 content ann x hush 0 /w/d", Docker.Says("run", "--rm", "--network", "none", "built"));
        Docker.Says("rmi", "built");
    }

    [Theory]
    [InlineData("RUN exit 7", "exit code: 7")]
    [InlineData("RUN [\"nothing\"]", "exec: \"nothing\": executable file not found in $PATH")]
    public void A_step_that_fails_is_told(string step, string told)
    {
        Outcome outcome = Build("failed", $"FROM box\n{step}\n");

        Assert.Equal(1, outcome.Status);
        Assert.Contains(told, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_builder_before_BuildKit_works_too()
    {
        Write("FROM box\nRUN echo old >/made\nUSER ann\nCMD cat /made\n");

        Docker.Session.Shell("DOCKER_BUILDKIT=0 docker build -q -t old /tmp/context").Succeeded();

        Assert.Equal("old", Docker.Says("run", "--rm", "--network", "none", "old"));
        Docker.Says("rmi", "old");
    }

    private Outcome Build(string tag, string file)
    {
        Write(file);
        return Docker.Do("build", "--no-cache", "--progress", "plain", "--secret", "id=s,src=/tmp/secret", "--tag", tag, "/tmp/context");
    }

    private void Write(string file)
    {
        Directory.CreateDirectory(Docker.Session.PathOf("/tmp/context"));
        File.WriteAllText(Docker.Session.PathOf("/tmp/context/Dockerfile"), file);
        File.WriteAllText(Docker.Session.PathOf("/tmp/context/f"), "content\n");
        File.WriteAllText(Docker.Session.PathOf("/tmp/secret"), "hush\n");
    }
}
