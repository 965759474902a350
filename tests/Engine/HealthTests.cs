using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Containerception.Linux;

namespace Containerception.Engine.Tests;

/// <summary>Health checks run in the container and say what docker's say.</summary>
public sealed class HealthTests : IDisposable
{
    // proc_sys_kernel(5): the next process gets the number after it.
    private const string LastPid = "/proc/sys/kernel/ns_last_pid";

    private readonly Cdock _cdock = new();

    [Fact]
    public void Healthy_while_the_command_succeeds_unhealthy_after_so_many_failures_and_healthy_again()
    {
        string id = _cdock.Detached(
            "patient", "touch /tmp/well; sleep 100", "--health-cmd", "echo checked; test -e /tmp/well", "--health-interval", "100ms", "--health-retries", "2");
        Cdock.Until(() => Status(id) == "healthy", "it is healthy");
        Assert.Contains("(healthy)", _cdock.Ok("ps"), StringComparison.Ordinal);
        JsonElement check = _cdock.Status(id).GetProperty("health").GetProperty("log")[0];
        Assert.Equal("checked\n", check.GetProperty("output").GetString());
        Assert.Equal(0, check.GetProperty("exitCode").GetInt32());

        _cdock.Ok("exec", "patient", "rm", "/tmp/well");
        Cdock.Until(() => Status(id) == "unhealthy", "it is not");
        Assert.True(_cdock.Status(id).GetProperty("health").GetProperty("failingStreak").GetInt32() >= 2);
        _cdock.Ok("exec", "patient", "touch", "/tmp/well");
        Cdock.Until(() => Status(id) == "healthy", "it is again");
        Cdock.Until(() => _cdock.Status(id).GetProperty("health").GetProperty("log").GetArrayLength() == 5, "the last five are kept");
    }

    [Fact]
    public void Before_the_first_check_it_is_starting()
    {
        _cdock.Detached("fresh", "sleep 100", "--health-cmd", "true");
        Assert.Contains("(health: starting)", _cdock.Ok("ps"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_takes_too_long_has_failed_and_is_killed()
    {
        string id = _cdock.Detached(
            "slow", "sleep 100", "--health-cmd", "sleep 47", "--health-interval", "100ms", "--health-timeout", "200ms", "--health-retries", "1");
        Cdock.Until(() => Status(id) == "unhealthy", "it is unhealthy");
        JsonElement check = _cdock.Status(id).GetProperty("health").GetProperty("log")[0];
        Assert.Equal(-1, check.GetProperty("exitCode").GetInt32());
        Assert.Contains("exceeded timeout (0.2s)", check.GetProperty("output").GetString(), StringComparison.Ordinal);
        string processes = _cdock.Ok("exec", "slow", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
        Assert.InRange(processes.Split("sleep 47").Length - 1, 0, 2);
    }

    [Fact]
    public void In_the_start_period_failures_do_not_count()
    {
        string id = _cdock.Detached(
            "slowly", "sleep 100", "--health-cmd", "false", "--health-interval", "100ms", "--health-retries", "1", "--health-start-period", "2s",
            "--health-start-interval", "100ms");
        Cdock.Until(() => _cdock.Status(id).TryGetProperty("health", out JsonElement health) && health.GetProperty("log").GetArrayLength() >= 2, "it is checked");
        Assert.Equal("starting", Status(id));
        Assert.Equal(0, _cdock.Status(id).GetProperty("health").GetProperty("failingStreak").GetInt32());
        Cdock.Until(() => Status(id) == "unhealthy", "they do count");
    }

    [Fact]
    public void A_check_that_cannot_be_run_has_failed()
    {
        using BusyboxRoot root = new();
        string id = _cdock.Ok(
            "run", "-d", "--name", "bare", "--runtime", Cdock.Runtime, "--rootfs", root.Location, "--health-cmd", "no-such-program", "--health-interval", "100ms",
            "--health-retries", "1", "sh", "-c", "while :; do /bin/busybox sleep 1; done");
        Cdock.Until(() => Status(id) == "unhealthy", "it is unhealthy");
        Assert.Equal(127, _cdock.Status(id).GetProperty("health").GetProperty("log")[0].GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void What_others_go_on_writing_holds_nobody_up()
    {
        Needs.Program("strace");
        string id = _cdock.Detached(
            "loud", "sleep 100", "--health-cmd", "yes & yes & yes", "--health-interval", "500ms", "--health-timeout", "300ms", "--health-retries", "1");

        // So the supervisor reads more slowly than they write, and never all.
        using Process tracer = _cdock.Start("strace", ["-o", "/dev/null", "-e", "inject=read:delay_exit=1000", "-p", Cdock.SupervisorOf(id).ToString(CultureInfo.InvariantCulture)]);
        try
        {
            Cdock.Until(() => Status(id) == "unhealthy", "it is unhealthy");
            _cdock.Ok("pause", "loud");
            _cdock.Ok("unpause", "loud");
        }
        finally
        {
            tracer.Kill();
            tracer.WaitForExit();
        }
    }

    [Fact]
    public void While_it_is_paused_nothing_is_checked_and_no_check_fails()
    {
        string id = _cdock.Detached("still", "sleep 100", "--health-cmd", "sleep 0.3", "--health-interval", "50ms", "--health-timeout", "1s", "--health-retries", "1");
        Cdock.Until(() => Status(id) == "healthy", "it is healthy");
        _cdock.Ok("pause", "still");
        Thread.Sleep(1500);
        string paused = _cdock.Status(id).GetProperty("health").ToString();
        Assert.Equal("healthy", Status(id));

        _cdock.Ok("unpause", "still");
        Cdock.Until(() => _cdock.Status(id).GetProperty("health").ToString() != paused, "it is checked again");
        Assert.Equal("healthy", Status(id));
        Assert.DoesNotContain("\"exitCode\":-1", _cdock.Status(id).GetProperty("health").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_for_which_no_descriptor_is_left_has_failed()
    {
        string id = _cdock.Detached("poor", "sleep 100", "--health-cmd", "true", "--health-interval", "200ms", "--health-retries", "1000");
        Cdock.Until(() => Status(id) == "healthy", "it is healthy");
        int supervisor = Cdock.SupervisorOf(id);
        ResourceLimit before = ResourceLimits.Get(supervisor, RlimitResource.RLIMIT_NOFILE);
        ResourceLimits.Set(supervisor, RlimitResource.RLIMIT_NOFILE, before with { Soft = 3 });
        Thread.Sleep(700);
        ResourceLimits.Set(supervisor, RlimitResource.RLIMIT_NOFILE, before);

        Cdock.Until(() => _cdock.Status(id).GetProperty("health").ToString().Contains("(EMFILE)", StringComparison.Ordinal), "it is told");
        Cdock.Until(() => _cdock.Status(id).GetProperty("health").GetProperty("failingStreak").GetInt32() == 0, "it is well again");
    }

    [Fact]
    public void A_check_that_is_killed_takes_nobody_along_who_has_the_number_of_what_began_it()
    {
        Needs.PathTo(LastPid);
        string id = _cdock.Detached(
            "slow", "sleep 100", "--health-cmd", "sleep 47", "--health-interval", "100ms", "--health-timeout", "2s", "--health-retries", "1");
        string file = Path.Join(_cdock.Root, "containers", id, "health.pid");
        Cdock.Until(() => File.Exists(file) && File.ReadAllText(file).Length > 0, "it has begun");
        int check = int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        Thread.Sleep(200);

        // What began it had a number shortly before the check's own: each that is free is somebody's now.
        int[] others = [.. Enumerable.Range(check - 8, 8).Select(TryStartAs).OfType<int>()];
        Assert.NotEmpty(others);
        try
        {
            Cdock.Until(() => Status(id) == "unhealthy", "it is unhealthy");
            Assert.All(others, pid => Assert.Null(Waiting.TryWait(pid, WaitOptions.WEXITED | WaitOptions.WNOWAIT)));
        }
        finally
        {
            foreach (int pid in others)
            {
                Processes.Kill(pid, Signal.SIGKILL);
                Waiting.Wait(pid);
            }
        }
    }

    public void Dispose() => _cdock.Dispose();

    // Null when somebody has the number, or another thread was faster.
    private static int? TryStartAs(int wanted)
    {
        if (Directory.Exists($"/proc/{wanted}"))
        {
            return null;
        }

        File.WriteAllText(LastPid, (wanted - 1).ToString(CultureInfo.InvariantCulture));
        int pid = Spawning.PosixSpawn("/bin/sleep", ["sleep", "100"], []);
        if (pid == wanted)
        {
            return pid;
        }

        Processes.Kill(pid, Signal.SIGKILL);
        Waiting.Wait(pid);
        return null;
    }

    private string? Status(string id) => _cdock.Status(id).TryGetProperty("health", out JsonElement health) ? health.GetProperty("status").GetString() : null;
}
