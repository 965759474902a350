using System.Globalization;
using System.Runtime.InteropServices;

namespace Containerception.Conformance.Tests;

/// <summary>What ception does before its runtime begins (docs/adr/0013), and that nobody notices but by the clock.</summary>
public sealed class BeginTests : ContainerTest
{
    // All that have names, but SIGKILL and SIGSTOP.
    private const ulong Named = 0x7ffbfeff;
    private const string User1 = "0000000000000200";

    [Fact]
    public void Exec_is_a_copy_that_nobody_can_write_before_its_runtime_begins()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "its first instructions are written for x86-64 alone");
        Needs.Program("strace");
        StartDetached();
        Traced traced = Traced.Run(Runtime, Scratch, ["exec", Id, "/bin/true"]);
        DeleteForced();
        Assert.Equal(["execve", "open_tree", "mount_setattr", "execveat"], Enumerable.Range(1, 4).Select(traced.NameOf));
        Assert.Contains("\"/proc/self/exe\"", traced.Own[1], StringComparison.Ordinal);
        Assert.Single(traced.Own, call => call.StartsWith("execveat(", StringComparison.Ordinal));
    }

    /// <summary>The copy through a mount is refused to who may not mount; the one in memory does as well.</summary>
    [Fact]
    public void Where_the_kernel_refuses_it_exec_becomes_the_copy_later()
    {
        Needs.Program("strace");
        StartDetached();
        Outcome outcome = Traced.Inject(Runtime, Scratch, "open_tree:error=EPERM", ["exec", Id, "/bin/sh", "-c", "exit 7"]);
        DeleteForced();
        Assert.Equal(7, outcome.Status);
    }

    [Fact]
    public void A_container_that_is_called_exec_is_like_any_other()
    {
        Config.SetWords("process.args", "/bin/sh", "-c", "exit 5");
        Bundle.Save();
        Assert.Equal(5, Runtime.Invoke("run", "--bundle", Bundle.Path, "exec").Status);
    }

    [Fact]
    public void No_thread_of_who_stays_with_a_program_takes_a_signal()
    {
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);
        WaitFor(() => Runtime.Invoke("state", Id).Output.Contains("running", StringComparison.Ordinal), "the container");
        string[] threads = [.. Directory.GetDirectories($"/proc/{run.Pid}/task").Select(thread => Blocked(Path.Combine(thread, "status")))];
        DeleteForced();
        run.Wait();
        Assert.All(threads, blocked => Assert.Equal(Named, ulong.Parse(blocked, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & int.MaxValue));
    }

    [Fact]
    public void Who_does_not_stay_can_be_interrupted()
    {
        StartDetached();
        using Command events = Runtime.Start("events", "--interval", "100s", Id);
        WaitFor(() => File.ReadAllText($"/proc/{events.Pid}/status").Contains("SigBlk:\t0000000000000000", StringComparison.Ordinal), "its own mask");
        events.Signal(Posix.SIGINT);
        Assert.Equal(128 + Posix.SIGINT, events.Wait().Status);
        DeleteForced();
    }

    [Fact]
    public void The_program_has_the_mask_of_who_called()
    {
        const string ask = "grep ^SigBlk /proc/self/status";
        Config.SetWords("process.args", "/bin/sh", "-c", ask);
        Bundle.Save();
        using Command run = Runtime.StartThrough(["env", "--block-signal=USR1"], "run", "--bundle", Bundle.Path, Id);
        Assert.Equal($"SigBlk:\t{User1}", run.Wait().Succeeded());
        Config.SetWords("process.args", "/bin/sleep", "1000");
        StartDetached();
        using Command exec = Runtime.StartThrough(["env", "--block-signal=USR1"], "exec", Id, "/bin/sh", "-c", ask);
        Assert.Equal($"SigBlk:\t{User1}", exec.Wait().Succeeded());
        DeleteForced();
    }

    private static string Blocked(string status)
        => File.ReadLines(status).Single(line => line.StartsWith("SigBlk:", StringComparison.Ordinal))["SigBlk:".Length..].Trim();
}
