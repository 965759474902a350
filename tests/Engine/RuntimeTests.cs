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

    [Fact]
    public void Somebody_else_than_root_is_told_what_is_possible()
    {
        Needs.Program("setpriv");
        using System.Diagnostics.Process process = _cdock.Start(
            "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "env", "-u", "CDOCK_ROOT", $"XDG_DATA_HOME=/tmp/cdock-nobody", "HOME=/tmp", ProgramForAll(), "run", "host", "true"]);

        Outcome outcome = Cdock.Finish(process);

        Assert.Equal(125, outcome.ExitCode);
        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();

    // The build tree may be in a directory that others cannot enter.
    private static string ProgramForAll()
    {
        string copy = Path.Join(Directory.CreateDirectory("/tmp/cdock-for-all").FullName, "cdock");
        File.Copy(Cdock.Program, copy, overwrite: true);
        string ception = Path.Join(Cdock.Out, "ception");
        if (File.Exists(ception))
        {
            File.Copy(ception, Path.Join("/tmp/cdock-for-all", "ception"), overwrite: true);
        }

        return copy;
    }
}
