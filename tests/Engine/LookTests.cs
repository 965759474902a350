using System.Diagnostics;
using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class LookTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Inspect_tells_in_dockers_words_what_the_container_is()
    {
        string id = Running("--name", "box", "-v", "data:/data:ro", "-v", "/tmp:/host", "--label", "a.b=c", "-e", "A=1", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50",
            "--cap-add", "SYS_TIME", "--cap-drop", "KILL", "--read-only", "--restart", "on-failure:3", "-u", "1:2", "-w", "/usr");

        using JsonDocument all = JsonDocument.Parse(_cdock.Do("inspect", "box").Output);
        JsonElement one = all.RootElement[0];
        Assert.Equal(id, one.GetProperty("Id").GetString());
        Assert.Equal("/box", one.GetProperty("Name").GetString());
        Assert.Equal("sleep", one.GetProperty("Path").GetString());
        Assert.Equal("running", one.GetProperty("State").GetProperty("Status").GetString());
        Assert.True(one.GetProperty("State").GetProperty("Pid").GetInt32() > 1);
        JsonElement[] mounts = [.. one.GetProperty("Mounts").EnumerateArray()];
        Assert.Equal("volume data /data False", $"{mounts[0].GetProperty("Type")} {mounts[0].GetProperty("Name")} {mounts[0].GetProperty("Destination")} {mounts[0].GetProperty("RW")}");
        Assert.Equal("bind /tmp /host True rprivate", $"{mounts[1].GetProperty("Type")} {mounts[1].GetProperty("Source")} {mounts[1].GetProperty("Destination")} {mounts[1].GetProperty("RW")} {mounts[1].GetProperty("Propagation")}");
        Assert.Equal(2, mounts.Length);

        Assert.Equal("67108864 500000000 50 true 1:2 /usr\n", Inspect("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}} {{.Config.User}} {{.Config.WorkingDir}}"));
        Assert.Equal("c [CAP_SYS_TIME] [CAP_KILL] on-failure 3\n", Inspect("{{index .Config.Labels \"a.b\"}} {{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}"));
        Assert.Equal("bridge bridge\n", Inspect("{{.HostConfig.NetworkMode}}{{range $k, $v := .NetworkSettings.Networks}} {{$k}}{{end}}"));
        Assert.Equal("none\n", Inspect("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}"));
        Assert.Contains("A=1", Inspect("{{join .Config.Env \",\"}}"), StringComparison.Ordinal);
        Assert.StartsWith("[{\"Id\":", _cdock.Do("container", "inspect", "--format", "json", "box").Output, StringComparison.Ordinal);
        Assert.Equal("local\n", _cdock.Do("inspect", "-f", "{{.Driver}}", "data").Output);
    }

    [Fact]
    public void Inspect_tells_what_it_finds_and_fails_for_the_rest()
    {
        Running("--name", "box");

        Outcome outcome = _cdock.Do("inspect", "-f", "{{.Name}}", "nope", "box");
        Assert.Equal((1, "/box\n", "cdock: No such object: nope"), (outcome.ExitCode, outcome.Output, outcome.FirstError));
        Assert.Equal((1, "[]\n"), (_cdock.Do("inspect", "nope").ExitCode, _cdock.Do("inspect", "nope").Output));
        Assert.Equal("cdock: get box: no such volume", _cdock.Do("inspect", "--type", "volume", "box").FirstError);
        Outcome wrong = _cdock.Do("inspect", "-f", "{{.Foo}}", "box");
        Assert.Equal((1, "cdock: template parsing error: template: :1:2: executing \"\" at <.Foo>: map has no entry for key \"Foo\""), (wrong.ExitCode, wrong.FirstError));
        Assert.Equal(64, _cdock.Do("inspect", "-f", "{{.Foo", "box").ExitCode);
    }

    [Fact]
    public void Ps_looks_into_containers_where_that_is_asked_for()
    {
        Running("--name", "one", "-v", "data:/data", "--network", "host");
        Running("--name", "two", "--network", "none");

        Assert.Equal("data 1 host\n", _cdock.Do("ps", "-f", "name=one", "--format", "{{.Mounts}} {{.LocalVolumes}} {{.Networks}}").Output);
        Assert.Equal("one\n", _cdock.Do("ps", "-f", "volume=data", "--format", "{{.Names}}").Output);
        Assert.Equal("one\n", _cdock.Do("ps", "-f", "volume=/data", "--format", "{{.Names}}").Output);
        Assert.Equal("two\n", _cdock.Do("container", "ls", "-f", "network=none", "--format", "{{.Names}}").Output);
        Assert.Equal(2, Lines(_cdock.Do("ps", "-f", "health=none", "-q")).Length);
        Assert.Matches("^CONTAINER ID .* NAMES +SIZE\n", _cdock.Do("ps", "-s").Output);
    }

    [Fact]
    public void Top_lists_the_processes_of_the_container_alone()
    {
        Running("--name", "box");

        string[] lines = Lines(_cdock.Do("top", "box"));
        Assert.Equal(2, lines.Length);
        Assert.Matches("^UID {17}PID {17}PPID +C +STIME +TTY +TIME +CMD$", lines[0]);
        Assert.EndsWith("sleep 1000", lines[1], StringComparison.Ordinal);
        Assert.Equal("COMMAND", Lines(_cdock.Do("container", "top", "box", "-o", "pid,comm"))[0][20..]);
        _cdock.Do("kill", "box");
        Cdock.Until(() => _cdock.Do("ps", "-q").Output.Length == 0, "it has ended");
        Assert.Contains("is not running", _cdock.Do("top", "box").FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public void Stats_tells_what_containers_use()
    {
        Running("--name", "box", "--memory", "64m");
        _cdock.Do("run", "--name", "ended", "--runtime", Cdock.Runtime, "host", "true");

        string[] lines = Lines(_cdock.Do("stats", "--no-stream"));
        Assert.Equal(2, lines.Length);
        Assert.Matches("^CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS$", lines[0]);
        Assert.Matches("^[0-9a-f]{12} +box +[0-9.]+% +[0-9.]+[KM]iB / 64MiB +[0-9.]+% +[0-9.]+k?B / [0-9.]+k?B +.* / .* +1$", lines[1]);
        Assert.Equal("box 1\nended 0\n", string.Concat(Lines(_cdock.Do("stats", "--no-stream", "-a", "--format", "{{.Name}} {{.PIDs}}")).Order(StringComparer.Ordinal).Select(line => line + "\n")));
        Assert.Equal("cdock: no such container: nope", _cdock.Do("stats", "--no-stream", "nope").FirstError);
    }

    [Fact]
    public void Stats_goes_on_until_it_is_ended()
    {
        Running("--name", "box");
        using Process process = _cdock.Start(["stats", "box"]);

        Assert.StartsWith("\x1b[HCONTAINER ID", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Assert.Contains("box", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("\x1b[J\x1b[HCONTAINER ID", process.StandardOutput.ReadLine(), StringComparison.Ordinal);
        process.Kill();
        process.WaitForExit();
    }

    [Fact]
    public void Port_knows_that_no_port_leads_to_the_container()
    {
        Running("--name", "box");

        Assert.Equal((0, ""), (_cdock.Do("port", "box").ExitCode, _cdock.Do("port", "box").Output));
        Assert.Equal("cdock: No public port '80' published for box", _cdock.Do("port", "box", "80").FirstError);
    }

    [Fact]
    public void Container_is_another_name_of_the_verbs_and_prunes_what_has_ended()
    {
        Running("--name", "box");
        Assert.Equal(0, _cdock.Do("container", "run", "--name", "ended", "--runtime", Cdock.Runtime, "--label", "x=1", "host", "true").ExitCode);
        Assert.Equal(0, _cdock.Do("container", "run", "--name", "kept", "--runtime", Cdock.Runtime, "host", "true").ExitCode);

        Assert.Matches("^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: [0-9.]+k?B\n$", _cdock.Do("container", "prune", "-f", "--filter", "label=x").Output);
        Assert.Equal("Total reclaimed space: 0B\n", _cdock.Do("container", "prune", "-f", "--filter", "until=1h").Output);
        Assert.Equal(0, _cdock.Do(["container", "prune"], "n\n").ExitCode);
        Assert.Equal("kept\nbox\n", _cdock.Do("container", "ls", "-a", "--format", "{{.Names}}").Output);
        Assert.Equal(0, _cdock.Do(["container", "prune"], "y\n").ExitCode);
        Assert.Equal("box\n", _cdock.Do("container", "ls", "-a", "--format", "{{.Names}}").Output);
    }

    [Fact]
    public void The_version_has_dockers_two_parts()
    {
        Assert.Matches("^[0-9.]+ [0-9.]+\n$", _cdock.Do("version", "--format", "{{.Server.Version}} {{.Client.Version}}").Output);
        using JsonDocument all = JsonDocument.Parse(_cdock.Do("version", "--format", "json").Output);
        Assert.Equal("linux", all.RootElement.GetProperty("Server").GetProperty("Os").GetString());
    }

    public void Dispose() => _cdock.Dispose();

    private string Running(params string[] flags)
    {
        Outcome outcome = _cdock.Do(["run", "-d", "--runtime", Cdock.Runtime, .. flags, "host", "sleep", "1000"], input: null);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output.Trim();
    }

    private string Inspect(string format) => _cdock.Do("inspect", "-f", format, "box").Output;

    private static string[] Lines(Outcome outcome) => outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
