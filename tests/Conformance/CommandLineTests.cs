using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>What the command line has of crun's beside runc's, and Go's single dashes everywhere.</summary>
public sealed class CommandLineTests : ContainerTest
{
    [Fact]
    public void The_configuration_may_have_another_name()
    {
        Config.SetWords("process.args", "/bin/echo", "from another");
        File.WriteAllText(Path.Combine(Bundle.Path, "other.json"), Config.ToJsonString());
        File.Copy(Path.Combine(Bundle.Path, "other.json"), Path.Combine(Scratch, "elsewhere.json"));
        File.Delete(Path.Combine(Bundle.Path, "config.json"));
        Assert.Equal("from another", Runtime.Invoke("run", "--bundle", Bundle.Path, "--config", "other.json", Id).Succeeded());
        Assert.Equal("from another", Runtime.Invoke("run", "-b", Bundle.Path, "-f", Path.Combine(Scratch, "elsewhere.json"), Id).Succeeded());
        Outcome outcome = Runtime.Invoke("run", "--bundle", Bundle.Path, "--config", "missing.json", Id);
        Assert.Contains("missing.json not found", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Kill_and_delete_take_all_that_match()
    {
        Config.SetWords("process.args", "/bin/sh", "-c", "trap 'exit 0' HUP; while :; do sleep 0.05; done");
        Bundle.Save();
        string[] ids = [$"{Id}-a", $"{Id}-b", $"{Id}-c"];
        foreach (string id in ids)
        {
            using Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"], "run", "--detach", "--bundle", Bundle.Path, id);
            run.Wait().Succeeded();
        }

        Runtime.Invoke("kill", "--regex", $"^{Id}-[ab]$", "KILL").Succeeded();
        WaitFor(() => Statuses() is ["stopped", "stopped", "running"], "two of three to stop");
        // What runs is refused, and does not keep the others from being deleted.
        Outcome outcome = Runtime.Invoke("delete", "--regex", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains($"{Id}-c: cannot delete container", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(["running"], Statuses());
        Runtime.Invoke("delete", "--force", "-r", ".*").Succeeded();
        Assert.Empty(Statuses());
        Assert.Contains("is no regular expression", Runtime.Invoke("kill", "--regex", "(", "TERM").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_may_be_named_as_crun_names_it()
    {
        string log = Path.Combine(Scratch, "log");
        Runtime.Invoke($"--log=file:{log}", "state", Id);
        Assert.Contains("does not exist", File.ReadAllText(log), StringComparison.Ordinal);
        foreach (string other in (string[])["journald:x", "syslog:y"])
        {
            Outcome outcome = Runtime.Invoke("--log", other, "state", Id);
            Assert.Equal(1, outcome.Status);
            Assert.Contains("is not supported", outcome.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_level_says_what_is_logged()
    {
        Config.WithCapabilities("CAP_TIME_TRAVEL");
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        Assert.Contains("TIME_TRAVEL", Runtime.Invoke("--log-level", "warning", "run", "--bundle", Bundle.Path, Id).Errors, StringComparison.Ordinal);
        Assert.Equal("", Runtime.Invoke("--log-level=error", "run", "--bundle", Bundle.Path, Id).Errors);
        Assert.Contains("level=debug", Runtime.Invoke("--log-level", "debug", "run", "--bundle", Bundle.Path, Id).Errors, StringComparison.Ordinal);
        Assert.Equal(1, Runtime.Invoke("--log-level", "loud", "list").Status);
    }

    [Fact]
    public void The_debug_log_tells_a_run_from_its_configuration_to_its_removal()
    {
        string log = Path.Combine(Scratch, "log.json");
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        Runtime.Invoke("--debug", "--log", log, "--log-format", "json", "run", "--bundle", Bundle.Path, Id).Succeeded();
        JsonNode[] steps = [.. File.ReadLines(log).Select(line => JsonNode.Parse(line)!)];
        string[] chapters = ["config", "state", "cgroup-limits", "plan", "clone", "pivot-root", "exec", "wait", "remove"];
        Assert.Equal(chapters, steps.Select(step => step["step"]!.GetValue<string>()).Where(chapters.Contains).Distinct());
        long[] told = [.. steps.Select(step => step["at"]!.GetValue<long>())];
        Assert.Equal(told.Order(), told);
    }

    [Fact]
    public void A_run_whose_log_nobody_reads_any_more_is_removed_all_the_same()
    {
        // The reader leaves when the program has begun, and only then lets it end.
        const string Script = """cd "$0"; mkfifo log go; { sed -n '/"step":"exec"/q' log; echo >go; } & exec "$@" <>go""";
        Config.SetWords("process.args", "/bin/sh", "-c", "read line");
        Bundle.Save();
        using Command run = Runtime.StartThrough(
            ["/bin/sh", "-c", Script, Scratch], "--debug", "--log", Path.Combine(Scratch, "log"), "--log-format", "json", "run", "--bundle", Bundle.Path, Id);
        run.Wait().Succeeded();
        Assert.Contains("does not exist", Runtime.Invoke("state", Id).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void One_dash_is_as_good_as_two()
    {
        Config.SetWords("process.args", "/bin/echo", "one dash");
        Bundle.Save();
        Assert.Equal("one dash", Runtime.Invoke(
            "-log-format", "json", "run", "-no-subreaper", "-no-new-keyring", "-keep=false", "-preserve-fds", "0", "-bundle", Bundle.Path, Id).Succeeded());
        Runtime.Invoke("list", "-format", "json").Succeeded();
        StartDetached();
        Assert.Equal("/tmp", Runtime.Invoke("exec", "-cwd", "/tmp", "-user=0:0", "-ignore-paused", Id, "/bin/pwd").Succeeded());
        Runtime.Invoke("delete", "-force", Id).Succeeded();
    }

    private string[] Statuses()
        => JsonNode.Parse(Runtime.Invoke("list", "--format", "json").Succeeded()) is JsonArray all ? [.. all.Select(item => item!["status"]!.GetValue<string>())] : [];
}
