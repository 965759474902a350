using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>The processes of a container, and signals to all of them.</summary>
public sealed class PsTests : ContainerTest
{
    [Fact]
    public void The_table_is_that_of_the_hosts_ps()
    {
        Needs.Program("ps");
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string[] lines = Ps();
        Assert.Equal(2, lines.Length);
        Assert.Equal(Command.Run("ps", "-ef").Succeeded().Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(("root", $"{pid}"), (Field(lines[1], 0), Field(lines[1], 1)));
        Assert.EndsWith("/bin/sleep 1000", lines[1]);
        DeleteForced();
    }

    [Fact]
    public void Its_options_are_those_of_the_hosts_ps()
    {
        Needs.Program("ps");
        int pid = StartDetached()["pid"]!.GetValue<int>();
        Assert.Equal(["PID COMMAND", $"{pid} sleep"], Ps("-o", "pid,comm", "-A").Select(line => line.Trim()));
        Assert.Contains("%MEM", Ps("aux")[0], StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_table_without_process_ids_cannot_be_cut()
    {
        Needs.Program("ps");
        StartDetached();
        Outcome outcome = Runtime.Invoke("ps", Id, "-o", "comm");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("couldn't find PID field in ps output", outcome.Errors, StringComparison.Ordinal);
        Outcome refused = Runtime.Invoke("ps", Id, "--bogus");
        Assert.Equal(1, refused.Status);
        Assert.Contains("exit status 1: error: unknown gnu long option", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("invalid format option", Runtime.Invoke("ps", "-f", "xml", Id).Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Processes_in_groups_below_are_the_containers_too()
    {
        Needs.CgroupV1("devices");
        int pid = StartDetached("/bin/sh", "-c", "sleep 1000 & sleep 1001 & wait")["pid"]!.GetValue<int>();
        WaitFor(() => Pids().Length == 3, "three processes");
        int child = Pids().First(other => other != pid);
        foreach (string controller in (ReadOnlySpan<string>)["devices", "pids"])
        {
            string below = CgroupFiles.Group(pid, controller) + "/below";
            Directory.CreateDirectory(below);
            File.WriteAllText(below + "/cgroup.procs", $"{child}");
        }

        Assert.Contains(child, Pids());
        Assert.Equal(3, Pids().Length);
        Assert.Equal(4, Ps().Length);
        DeleteForced();
    }

    [Fact]
    public void A_container_that_has_stopped_has_no_processes()
    {
        Needs.Program("ps");
        StartDetached();
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitForStatus("stopped");
        Assert.Equal("null", Runtime.Invoke("ps", "-f", "json", Id).Succeeded());
        Assert.Contains("PID", Assert.Single(Ps()), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Kill_all_signals_every_process_and_does_not_mind_if_there_is_none()
    {
        StartDetached("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait; sleep 1000; true");
        WaitFor(() => Pids().Length == 3, "three processes");
        int[] children = Pids()[1..];

        // The shell is the first process of its namespace: what it does not handle passes it by.
        Runtime.Invoke("kill", "-a", Id, "TERM").Succeeded();
        WaitFor(() => Pids() is { Length: 2 } left && !left.Any(children.Contains), "the end of the children");
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitForStatus("stopped");
        Runtime.Invoke("kill", "--all", Id, "KILL").Succeeded();
        DeleteForced();
    }

    [Fact]
    public void In_the_hosts_pid_namespace_kill_ends_all_even_after_the_first_has_ended()
    {
        Config.WithoutNamespace("pid");
        int pid = StartDetached("/bin/sh", "-c", "sleep 1000 & exec sleep 1001")["pid"]!.GetValue<int>();
        WaitFor(() => Pids().Length == 2, "two processes");
        Posix.Kill(pid, Posix.SIGKILL);
        WaitForStatus("stopped");
        int left = Assert.Single(Pids(), other => other != pid);
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitFor(() => !File.Exists($"/proc/{left}/stat") || File.ReadAllText($"/proc/{left}/stat").Contains(") Z ", StringComparison.Ordinal), "its end");
        DeleteForced();
    }

    private static string Field(string line, int index) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[index];

    private string[] Ps(params string[] options) => Runtime.Invoke(["ps", Id, .. options]).Succeeded().Split('\n');

    private int[] Pids() => JsonNode.Parse(Runtime.Invoke("ps", "--format", "json", Id).Succeeded()) is JsonArray pids ? [.. pids.Select(pid => pid!.GetValue<int>())] : [];
}
