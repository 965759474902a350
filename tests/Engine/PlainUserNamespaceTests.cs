using System.Diagnostics;

namespace Containerception.Engine.Tests;

/// <summary>The user namespace that all commands of one user share: who makes it, who keeps it, and what is not believed.</summary>
public sealed class PlainUserNamespaceTests : IDisposable
{
    private readonly PlainUser _user = new();

    [Fact]
    public void Two_at_once_are_in_the_same()
    {
        Process[] starters = [.. Enumerable.Range(0, 4).Select(_ => _user.Start("run", "--rm", "host", "readlink", "/proc/self/ns/user"))];
        Outcome[] outcomes = [.. starters.Select(Cdock.Finish)];
        Array.ForEach(starters, process => process.Dispose());

        Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.Error));
        Assert.Single(outcomes.Select(outcome => outcome.Output).Distinct());
        Assert.Equal(outcomes[0].Output, Space() + "\n");
    }

    [Fact]
    public void A_killed_keeper_is_replaced_and_containers_stay_in_reach()
    {
        _user.Ok("run", "-d", "--name", "one", "host", "sleep", "1000");
        string space = Space();
        int keeper = _user.Keeper;

        PlainUser.Kill(keeper);

        Assert.Equal(space, _user.Ok("exec", "one", "readlink", "/proc/self/ns/user"));
        Assert.NotEqual(keeper, _user.Keeper);
        _user.Ok("rm", "-f", "one");
    }

    [Fact]
    public void When_nothing_is_left_of_it_another_is_made()
    {
        _user.Ok("ps");
        PlainUser.Kill(_user.Keeper);

        Assert.Equal("0", _user.Ok("run", "--rm", "host", "id", "-u"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("1 4026531837 4026531840\n")]
    [InlineData("{0} 99 98\n")]
    public void A_record_without_a_keeper_is_not_believed(string text)
    {
        _user.Ok("ps");
        PlainUser.Kill(_user.Keeper);
        _user.Record = text.Replace("{0}", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

        Assert.Equal("0", _user.Ok("run", "--rm", "host", "id", "-u"));
    }

    [Fact]
    public void A_keeper_whose_record_was_lost_is_in_nobodys_way()
    {
        _user.Ok("ps");
        int lost = _user.Keeper;
        _user.Record = "";

        _user.Ok("ps");

        Assert.NotEqual(lost, _user.Keeper);
        PlainUser.Kill(lost);
    }

    [Theory]
    [InlineData("4711", "755")]
    [InlineData("0", "777")]
    public void A_runtime_directory_that_others_can_write_to_or_read_is_refused(string owner, string mode)
    {
        string directory = Directory.CreateDirectory(Path.Join(_user.Top, "run/cdock")).FullName;
        using Process change = Process.Start("sh", ["-c", $"chown {owner} {directory} && chmod {mode} {directory}"]);
        change.WaitForExit();

        Outcome outcome = _user.Do("ps");

        Assert.Equal(125, outcome.ExitCode);
        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("must be this user's alone", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_runtime_directory_that_is_a_link_is_refused()
    {
        File.CreateSymbolicLink(Path.Join(_user.Top, "run/cdock"), _user.Home);

        Assert.Equal(125, _user.Do("ps").ExitCode);
    }

    [Fact]
    public void The_keeper_costs_next_to_nothing()
    {
        _user.Ok("ps");

        int kibibytes = File.ReadLines($"/proc/{_user.Keeper}/smaps_rollup").Where(line => line.StartsWith("Private_", StringComparison.Ordinal))
            .Sum(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(kibibytes, 0, 64);
    }

    public void Dispose() => _user.Dispose();

    private string Space() => new FileInfo($"/proc/{_user.Keeper}/ns/user").LinkTarget!;
}
