using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Containerception.Linux;

namespace Containerception.Engine.Tests;

/// <summary>A supervisor may have as many descriptors open as it is allowed, does not end for want of them, and its container has the limit it would have without one.</summary>
public sealed class DescriptorTests : IDisposable
{
    private const string Show = "echo $(ulimit -Sn) $(ulimit -Hn)";

    private readonly Cdock _cdock = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_program_and_its_health_check_have_the_caller_s_limit_and_the_supervisor_all_it_may(bool byCommandLine)
    {
        string runtime = Path.Join(Cdock.Out, "ception");
        if (byCommandLine)
        {
            // Not the supervisor's own program: so it is driven as any other runtime.
            runtime = Path.Join(_cdock.Root, "other");
            File.Copy(Path.Join(Cdock.Out, "ception"), runtime);
        }

        string box = $"--name box -d --health-cmd '{Show}' --health-interval 100ms --health-retries 1 --runtime {runtime} host sh -c '{Show}; sleep 100'";
        Assert.Equal(0, Limited(333, 444, $"run {box}").ExitCode);

        string id = _cdock.Ids()[0];
        Assert.Equal(new ResourceLimit(444, 444), ResourceLimits.Get(Cdock.SupervisorOf(id), RlimitResource.RLIMIT_NOFILE));
        Cdock.Until(() => _cdock.Ok("logs", "box").Length > 0, "the program has spoken");
        Assert.Equal("333 444", _cdock.Ok("logs", "box"));
        Cdock.Until(() => _cdock.Status(id).TryGetProperty("health", out JsonElement health) && health.GetProperty("status").GetString() == "healthy", "it is healthy");
        Assert.Equal("333 444\n", _cdock.Status(id).GetProperty("health").GetProperty("log")[0].GetProperty("output").GetString());
    }

    [Fact]
    public void A_program_that_is_started_again_has_it_too()
    {
        Assert.Equal(0, Limited(333, 444, $"run --name box -d --restart on-failure:1 --runtime {Cdock.Runtime} host sh -c '{Show}; exit 1'").ExitCode);
        _cdock.Ok("wait", "box");
        Assert.Equal("333 444\n333 444", _cdock.Ok("logs", "box"));
    }

    [Fact]
    public void What_is_asked_for_goes_before_it()
        => Assert.Equal("77 99\n", Limited(333, 444, $"run --rm --ulimit nofile=77:99 --runtime {Cdock.Runtime} host sh -c '{Show}'").Output);

    [Fact]
    public void Who_comes_when_no_descriptor_is_left_is_served_later()
    {
        string id = _cdock.Detached("box", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.02; done; exit 4");
        int supervisor = Cdock.SupervisorOf(id);
        ResourceLimit before = ResourceLimits.Get(supervisor, RlimitResource.RLIMIT_NOFILE);
        ResourceLimits.Set(supervisor, RlimitResource.RLIMIT_NOFILE, before with { Soft = 3 });
        using Process client = _cdock.Start(["attach", "box"]);
        Thread.Sleep(300);
        ResourceLimits.Set(supervisor, RlimitResource.RLIMIT_NOFILE, before);
        Assert.Equal("tick", client.StandardOutput.ReadLine());
        _cdock.Ok("exec", "box", "touch", "/tmp/go");

        Assert.Equal(4, Cdock.Finish(client).ExitCode);
        Assert.Equal("exited", _cdock.Status(id).GetProperty("state").GetString());
    }

    [Fact]
    public void A_container_that_ends_when_no_descriptor_is_left_has_ended()
    {
        string id = _cdock.Detached("box", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.02; done; exit 4");
        using Process client = _cdock.Start(["attach", "box"]);
        int supervisor = Cdock.SupervisorOf(id);
        Assert.Equal("tick", client.StandardOutput.ReadLine());
        ResourceLimit before = ResourceLimits.Get(supervisor, RlimitResource.RLIMIT_NOFILE);
        ResourceLimits.Set(supervisor, RlimitResource.RLIMIT_NOFILE, before with { Soft = 3 });
        _cdock.Ok("exec", "box", "touch", "/tmp/go");

        Assert.Equal(4, Cdock.Finish(client).ExitCode);
        Cdock.Until(() => !Directory.Exists($"/proc/{supervisor}"), "its supervisor is gone");
        Assert.Matches("Exited", _cdock.Ok("ps", "-a"));
    }

    public void Dispose() => _cdock.Dispose();

    private Outcome Limited(int soft, int hard, string words)
    {
        string limit = string.Create(CultureInfo.InvariantCulture, $"ulimit -Sn {soft}; ulimit -Hn {hard}");
        using Process process = _cdock.Start("sh", ["-c", $"{limit}; exec {Cdock.Program} {words}"]);
        return Cdock.Finish(process);
    }
}
