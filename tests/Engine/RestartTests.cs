using System.Globalization;

namespace Containerception.Engine.Tests;

/// <summary>Restart policies: who is started again, how soon, how often, and until when.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void On_failure_it_is_tried_as_often_as_was_said()
    {
        string id = _cdock.Detached("weak", "echo try; exit 3", "--restart", "on-failure:2");
        Cdock.Until(() => State(id) == "exited", "it gives up");
        Assert.Equal("try\ntry\ntry", _cdock.Ok("logs", "weak"));
        Assert.Equal(2, _cdock.Status(id).GetProperty("restartCount").GetInt32());
        Assert.Equal(3, _cdock.Status(id).GetProperty("exitCode").GetInt32());
        Assert.Contains("Exited (3)", _cdock.Ok("ps", "-a"), StringComparison.Ordinal);
    }

    [Fact]
    public void On_failure_success_is_the_end()
    {
        string id = _cdock.Detached("fine", "exit 0", "--restart", "on-failure");
        Cdock.Until(() => State(id) == "exited", "it ends");
        Assert.Equal(0, _cdock.Status(id).GetProperty("restartCount").GetInt32());
    }

    [Fact]
    public void Always_is_until_it_is_stopped_and_the_pauses_grow()
    {
        string id = _cdock.Detached("stubborn", "echo try", "--restart", "always");
        Cdock.Until(() => _cdock.Ok("logs", "stubborn").Split('\n').Length >= 4, "four tries");
        string[] times = [.. _cdock.Ok("logs", "-t", "stubborn").Split('\n').Select(line => line.Split(' ')[0])];
        DateTimeOffset[] moments = [.. times.Select(time => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture))];
        Assert.True(moments[1] - moments[0] >= TimeSpan.FromMilliseconds(100), string.Join(' ', times));
        Assert.True(moments[2] - moments[1] >= TimeSpan.FromMilliseconds(200), string.Join(' ', times));
        Assert.True(moments[3] - moments[2] >= TimeSpan.FromMilliseconds(400), string.Join(' ', times));
        Cdock.Until(() => State(id) == "restarting", "it waits");
        Assert.Contains("Restarting (0)", _cdock.Ok("ps"), StringComparison.Ordinal);
        Assert.Contains("is restarting", _cdock.Do("exec", "stubborn", "true").Error, StringComparison.Ordinal);

        _cdock.Ok("stop", "stubborn");
        Assert.Equal("exited", State(id));
        int count = _cdock.Status(id).GetProperty("restartCount").GetInt32();
        Thread.Sleep(1500);
        Assert.Equal("exited", State(id));
        Assert.Equal(count, _cdock.Status(id).GetProperty("restartCount").GetInt32());
        _cdock.Ok("start", "stubborn");
        Cdock.Until(() => _cdock.Status(id).GetProperty("restartCount").GetInt32() >= 1, "its policy holds again");
    }

    [Fact]
    public void Killed_by_hand_it_stays_dead_and_by_others_not()
    {
        string id = _cdock.Detached("phoenix", "sleep 100", "--restart", "unless-stopped");
        int first = _cdock.Status(id).GetProperty("pid").GetInt32();
        using (System.Diagnostics.Process init = System.Diagnostics.Process.GetProcessById(first))
        {
            init.Kill();
        }

        Cdock.Until(() => State(id) == "running" && _cdock.Status(id).GetProperty("pid").GetInt32() != first, "it is there again");
        Assert.Equal(1, _cdock.Status(id).GetProperty("restartCount").GetInt32());

        _cdock.Ok("kill", "phoenix");
        Thread.Sleep(500);
        Assert.Equal("exited", State(id));
    }

    [Fact]
    public void A_policy_can_be_given_and_taken_while_it_runs()
    {
        string id = _cdock.Detached("wavering", "sleep 0.3; echo try", "--restart", "no");
        _cdock.Ok("update", "--restart", "always", "wavering");
        Cdock.Until(() => _cdock.Status(id).GetProperty("restartCount").GetInt32() >= 2, "it is started again");
        _cdock.Ok("update", "--restart", "no", "wavering");
        Cdock.Until(() => State(id) == "exited", "it stays ended");
    }

    [Fact]
    public void Its_files_are_those_that_it_had()
    {
        string id = _cdock.Detached("keeper", "[ -e /tmp/been ] && echo known; touch /tmp/been; exit 1", "--restart", "on-failure:1");
        Cdock.Until(() => State(id) == "exited", "it gives up");
        Assert.Equal("known", _cdock.Ok("logs", "keeper"));
    }

    public void Dispose() => _cdock.Dispose();

    private string State(string id) => _cdock.Status(id).GetProperty("state").GetString()!;
}
