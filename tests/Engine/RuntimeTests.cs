namespace Containerception.Engine.Tests;

public sealed class RuntimeTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Runc_runs_the_same_containers()
    {
        Needs.Program("runc");
        string[] runc = ["run", "--rm", "--runtime", "runc"];

        Assert.Equal("cdock\n1\n", _cdock.Do([.. runc, "host", "sh", "-c", "hostname; echo $$"]).Output);
        Assert.Equal(7, _cdock.Do([.. runc, "host", "sh", "-c", "exit 7"]).ExitCode);
        Assert.Equal(127, _cdock.Do([.. runc, "host", "no-such-program"]).ExitCode);
        Assert.Equal(137, _cdock.Do([.. runc, "-m", "32m", "host", "tail", "/dev/zero"]).ExitCode);
        Assert.Equal(0, _cdock.Do([.. runc, "--read-only", "host", "true"]).ExitCode);
    }

    [Fact]
    public void A_runtime_is_found_by_its_path_too()
    {
        Needs.PathTo("/usr/sbin/runc");

        Assert.Equal("ok\n", _cdock.Do("run", "--rm", "--runtime", "/usr/sbin/runc", "host", "echo", "ok").Output);
    }

    [Fact]
    public void A_container_in_a_container_in_a_container_runs()
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");

        Outcome outcome = _cdock.Run(
            "--privileged", "--hostname", "one", "host", "cdock", "run", "--rm", "--privileged", "--hostname", "two", "host",
            "cdock", "run", "--rm", "--hostname", "three", "host", "sh", "-c", "hostname; echo $$");

        Assert.Equal(new Outcome(0, "three\n1\n", ""), outcome);
    }

    public void Dispose() => _cdock.Dispose();
}
