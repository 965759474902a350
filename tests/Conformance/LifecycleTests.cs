using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class LifecycleTests : ContainerTest
{
    [Fact]
    public void A_created_container_waits_for_start()
    {
        Config.SetWords("process.args", "/bin/sh", "-c", "echo started; sleep 1000");
        Create().Succeeded();
        Assert.Equal("created", State()["status"]!.GetValue<string>());
        Assert.Equal("", CreatedOutput());
        Runtime.Invoke("start", Id).Succeeded();
        WaitFor(() => CreatedOutput() == "started\n", "its output");
        Assert.Equal("running", State()["status"]!.GetValue<string>());
        DeleteForced();
    }

    [Fact]
    public void The_state_document_tells_who_and_where()
    {
        JsonNode state = StartDetached();
        Assert.Equal(Id, state["id"]!.GetValue<string>());
        Assert.Equal(Bundle.Path, state["bundle"]!.GetValue<string>());
        Assert.Equal(Bundle.RootFs, state["rootfs"]!.GetValue<string>());
        Assert.Equal("running", state["status"]!.GetValue<string>());
        Assert.StartsWith("1.", state["ociVersion"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True((DateTimeOffset.UtcNow - DateTimeOffset.Parse(state["created"]!.GetValue<string>(), CultureInfo.InvariantCulture)).TotalSeconds is > 0 and < 60);
        string command = File.ReadAllText($"/proc/{state["pid"]!.GetValue<int>()}/cmdline");
        Assert.Equal("/bin/sleep\u00001000\0", command);
        DeleteForced();
    }

    [Fact]
    public void A_process_that_has_ended_leaves_a_stopped_container()
    {
        StartDetached("/bin/true");
        WaitForStatus("stopped");
        Assert.Equal(0, State()["pid"]!.GetValue<int>());
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void A_deleted_container_does_not_exist()
    {
        StartDetached();
        DeleteForced();
        Outcome outcome = Runtime.Invoke("state", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("does not exist", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state")]
    [InlineData("start")]
    [InlineData("kill")]
    [InlineData("delete")]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("ps")]
    public void A_container_that_never_was_does_not_exist(string verb)
    {
        Outcome outcome = Runtime.Invoke(verb, Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("does not exist", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Deleting_by_force_what_is_not_there_is_no_error() => Runtime.Invoke("delete", "--force", Id).Succeeded();

    [Fact]
    public void A_running_container_is_not_deleted_without_force()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("delete", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains($"cannot delete container {Id} that is not stopped: running", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_created_container_is_deleted_without_force()
    {
        Config.SetWords("process.args", "/bin/true");
        Create().Succeeded();
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void An_id_is_taken_once()
    {
        StartDetached();
        Outcome outcome = Create();
        Assert.Equal(1, outcome.Status);
        Assert.Contains("container with given ID already exists", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal("running", State()["status"]!.GetValue<string>());
        DeleteForced();
    }

    [Fact]
    public void An_id_is_free_again_after_delete()
    {
        for (int i = 0; i < 3; i++)
        {
            StartDetached();
            DeleteForced();
        }
    }

    [Fact]
    public void What_runs_cannot_be_started_again()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("start", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("cannot start an already running container", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void What_has_stopped_cannot_be_started_again()
    {
        StartDetached("/bin/true");
        WaitForStatus("stopped");
        Outcome outcome = Runtime.Invoke("start", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("cannot start a container that has stopped", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Theory]
    [InlineData]
    [InlineData("TERM")]
    [InlineData("SIGTERM")]
    [InlineData("15")]
    [InlineData("KILL")]
    [InlineData("9")]
    public void A_signal_ends_the_container(params string[] signal)
    {
        Config.Set("root.readonly", false);
        StartDetached("/bin/sh", "-c", "trap 'exit 0' TERM; echo >/tmp/ready; while :; do sleep 0.01; done");
        // Until the trap is set pid 1 does not feel SIGTERM.
        WaitFor(() => File.Exists(Bundle.InRoot("/tmp/ready")), "the trap");
        Runtime.Invoke(["kill", Id, .. signal]).Succeeded();
        WaitForStatus("stopped");
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void Killing_what_has_stopped_is_an_error_that_callers_know()
    {
        StartDetached("/bin/true");
        WaitForStatus("stopped");
        Outcome outcome = Runtime.Invoke("kill", Id, "TERM");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("container not running", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void An_unknown_signal_is_refused()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("kill", Id, "99x");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("unknown signal \"99x\"", outcome.Message, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Kill_all_reaches_every_process()
    {
        Config.WithoutNamespace("pid");
        JsonNode state = StartDetached("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait");
        WaitFor(() => Processes().Length == 3, "three processes");
        int[] pids = Processes();
        Assert.Contains(state["pid"]!.GetValue<int>(), pids);
        Runtime.Invoke("kill", "--all", Id, "KILL").Succeeded();
        WaitFor(() => pids.All(pid => !Directory.Exists($"/proc/{pid}") || File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal)), "their end");
        DeleteForced();
    }

    [Fact]
    public void Processes_are_listed_as_json()
    {
        JsonNode state = StartDetached();
        Assert.Equal($"[{state["pid"]}]", Runtime.Invoke("ps", "--format", "json", Id).Succeeded());
        DeleteForced();
    }

    [Fact]
    public void Processes_are_listed_as_a_table()
    {
        JsonNode state = StartDetached();
        string[] lines = Runtime.Invoke("ps", Id).Succeeded().Split('\n');
        Assert.Contains("PID", lines[0], StringComparison.Ordinal);
        Assert.Contains(state["pid"]!.ToString(), Assert.Single(lines[1..]), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void The_list_shows_every_container()
    {
        Assert.Equal("", Runtime.Invoke("list", "--quiet").Output.Trim());
        JsonNode state = StartDetached();
        Assert.Equal(Id, Runtime.Invoke("list", "-q").Succeeded());
        JsonNode row = Assert.Single(JsonNode.Parse(Runtime.Invoke("list", "--format", "json").Succeeded())!.AsArray())!;
        Assert.Equal(Id, row["id"]!.GetValue<string>());
        Assert.Equal("root", row["owner"]!.GetValue<string>());
        string[] table = Runtime.Invoke("list").Succeeded().Split('\n');
        Assert.Equal(["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[] columns = table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([Id, state["pid"]!.ToString(), "running", Bundle.Path], columns[..4]);
        DeleteForced();
    }

    [Fact]
    public void A_paused_container_stands_still_until_it_is_resumed()
    {
        Config.Set("root.readonly", false);
        StartDetached("/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 0.01; done");
        string count = Bundle.InRoot("/tmp/count");
        WaitFor(() => File.Exists(count), "a first count");
        Runtime.Invoke("pause", Id).Succeeded();
        Assert.Equal("paused", State()["status"]!.GetValue<string>());
        string before = File.ReadAllText(count);
        Thread.Sleep(100);
        Assert.Equal(before, File.ReadAllText(count));
        Runtime.Invoke("resume", Id).Succeeded();
        WaitFor(() => File.ReadAllText(count) is { Length: > 0 } now && now != before, "the count to go on");
        Assert.Equal("running", State()["status"]!.GetValue<string>());
        DeleteForced();
    }

    [Fact]
    public void A_paused_container_can_be_deleted_by_force()
    {
        StartDetached();
        Runtime.Invoke("pause", Id).Succeeded();
        DeleteForced();
    }

    [Fact]
    public void Resuming_what_is_not_paused_is_an_error()
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("resume", Id);
        Assert.Equal(1, outcome.Status);
        DeleteForced();
    }

    [Fact]
    public void The_pid_file_holds_the_pid_and_nothing_else()
    {
        string file = Path.Combine(Scratch, "pid");
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create("--pid-file", file).Succeeded();
        Assert.Equal(State()["pid"]!.ToString(), File.ReadAllText(file));
        DeleteForced();
    }

    [Fact]
    public void Preserved_descriptors_arrive_and_no_others()
    {
        File.WriteAllText(Path.Combine(Scratch, "three"), "of three");
        Config.SetWords("process.args", "/bin/sh", "-c", "cat <&3; echo; readlink /proc/self/fd/4 || echo no four");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", $"exec 3<{Path.Combine(Scratch, "three")} 4</etc/passwd; exec \"$@\"", "sh"],
            "run", "--preserve-fds", "1", "--bundle", Bundle.Path, Id);
        Assert.Equal(["of three", "no four"], run.Wait().Succeeded().Split('\n'));
    }

    [Fact]
    public void Kept_containers_stay_until_they_are_deleted()
    {
        Config.SetWords("process.args", "/bin/true");
        Run("--keep").Succeeded();
        Assert.Equal("stopped", State()["status"]!.GetValue<string>());
        Runtime.Invoke("delete", Id).Succeeded();
    }

    private int[] Processes()
        => [.. JsonNode.Parse(Runtime.Invoke("ps", "--format", "json", Id).Succeeded())!.AsArray().Select(pid => pid!.GetValue<int>())];
}
