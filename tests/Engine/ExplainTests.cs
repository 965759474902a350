namespace Containerception.Engine.Tests;

public sealed class ExplainTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Every_step_is_told_with_its_call_its_time_and_its_reason()
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");

        Outcome outcome = _cdock.Run("--explain", "host", "echo", "words");

        Assert.Equal("words\n", outcome.Output);
        Assert.Matches("(?m)^ +[0-9]+ µs  begin a private mount namespace\n +unshare\\(CLONE_NEWNS\\)\n +no mount of this container", outcome.Error);
        Assert.Matches("(?m)^ +[0-9]+ µs  .*\n +.*pivot_root", outcome.Error);
        Assert.Matches("(?mi)^ +[0-9]+ µs  .*\n +(seccomp|prctl)", outcome.Error);
        Assert.True(outcome.Error.Split(" µs  ").Length > 20, outcome.Error);
    }

    [Fact]
    public void Limits_and_namespaces_are_told_too()
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");

        Outcome outcome = _cdock.Run("--explain", "--memory", "64m", "--pids-limit", "9", "host", "true");

        Assert.Matches("(?m)^ +[0-9]+ µs  make the control groups, and set their limits\n +mkdir\\(/sys/fs/cgroup/.*memory.* = 67108864.*pids.max = 9", outcome.Error);
        Assert.Matches("(?m)^ +[0-9]+ µs  make the container's first process\n +clone3\\(.*CLONE_NEWNS", outcome.Error);
    }

    [Fact]
    public void Another_runtime_is_said_to_keep_its_steps_to_itself()
    {
        Needs.Program("runc");

        Outcome outcome = _cdock.Do("run", "--rm", "--runtime", "runc", "--explain", "host", "echo", "words");

        Assert.Equal("words\n", outcome.Output);
        Assert.Contains("only ception explains", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fails_is_told_after_the_steps()
    {
        Outcome outcome = _cdock.Run("--explain", "host", "no-such-program");

        Assert.Equal(127, outcome.ExitCode);
        Assert.Contains("\ncdock: ", outcome.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();
}
