using System.Text.Json;

namespace Containerception.Engine.Tests;

/// <summary>Health checks run in the container and say what docker's say.</summary>
public sealed class HealthTests : IDisposable
{
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

    public void Dispose() => _cdock.Dispose();

    private string? Status(string id) => _cdock.Status(id).TryGetProperty("health", out JsonElement health) ? health.GetProperty("status").GetString() : null;
}
