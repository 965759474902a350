using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class SystemTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Df_tells_what_is_used_and_what_is_not()
    {
        _cdock.Do("run", "-d", "--name", "box", "--runtime", Cdock.Runtime, "-v", "used:/data", "host", "sh", "-c", "head -c 5000 /dev/zero >/data/file; exec sleep 1000");
        _cdock.Do("run", "--name", "ended", "--runtime", Cdock.Runtime, "host", "true");
        _cdock.Do("volume", "create", "idle");
        File.WriteAllText(Path.Join(_cdock.Root, "volumes/idle/_data/file"), new string('x', 3000));
        Cdock.Until(() => new FileInfo(Path.Join(_cdock.Root, "volumes/used/_data/file")) is { Exists: true, Length: 5000 }, "the file is written");

        string[] lines = _cdock.Do("system", "df").Output.Split('\n');
        Assert.Matches("^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$", lines[0]);
        Assert.Matches("^Images +0 +0 +0B +0B$", lines[1]);
        Assert.Matches("^Containers +2 +1 ", lines[2]);
        Assert.Matches(@"^Local Volumes +2 +1 +8kB +3kB \(37%\)$", lines[3]);
        Assert.Equal("Local Volumes 2\n", _cdock.Do("system", "df", "--format", "{{if eq .Type \"Local Volumes\"}}{{.Type}} {{.TotalCount}}{{end}}").Output.TrimStart('\n'));
        string verbose = _cdock.Do("system", "df", "-v").Output;
        Assert.Matches("(?m)^idle +0 +3kB$", verbose);
        Assert.Matches("(?m)^used +1 +5kB$", verbose);
    }

    [Fact]
    public void Prune_removes_what_nobody_has_a_use_for()
    {
        _cdock.Do("run", "-d", "--name", "box", "--runtime", Cdock.Runtime, "-v", "/kept", "host", "sleep", "1000");
        _cdock.Do("run", "--name", "ended", "--runtime", Cdock.Runtime, "-v", "/gone", "-v", "named:/n", "host", "true");

        Outcome asked = _cdock.Do(["system", "prune"], "\n");
        Assert.Contains("WARNING! This will remove:\n  - all stopped containers\n", asked.Output, StringComparison.Ordinal);
        Assert.Equal(2, _cdock.Ids().Length);
        Assert.Matches("^Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: [0-9.]+k?B\n$", _cdock.Do("system", "prune", "-f", "--volumes").Output);
        Assert.Single(_cdock.Ids());
        Assert.Equal(2, _cdock.Do("volume", "ls", "-q").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Info_counts_containers_and_knows_the_machine()
    {
        _cdock.Do("run", "-d", "--name", "box", "--runtime", Cdock.Runtime, "host", "sleep", "1000");

        Assert.Equal($"1 1 0 0 {Environment.ProcessorCount} linux {_cdock.Root}\n", _cdock.Do(
            "info", "--format", "{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.Images}} {{.NCPU}} {{.OSType}} {{.DockerRootDir}}").Output);
        Assert.Contains("\n  Running: 1\n", _cdock.Do("system", "info").Output, StringComparison.Ordinal);
        using JsonDocument all = JsonDocument.Parse(_cdock.Do("info", "--format", "json").Output);
        Assert.Equal("overlay2", all.RootElement.GetProperty("Driver").GetString());
    }

    public void Dispose() => _cdock.Dispose();
}
