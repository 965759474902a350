using System.Diagnostics;
using System.Text.Json;

namespace Containerception.Engine.Tests;

/// <summary><c>--nest</c>: a container that makes containers, from outside and from within.</summary>
public sealed class NestTests : IDisposable, IClassFixture<NestRoot>
{
    private readonly NestRoot _root;
    private readonly Cdock _cdock = new();

    public NestTests(NestRoot root)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        _root = root;
        _cdock.Ok("import", root.Archive, "base");
    }

    [Fact]
    public void A_container_runs_containers_as_one_does_outside()
    {
        string said = Nested(NestRoot.Import + NestRoot.Use + """

            cdock ps -aq; cdock volume ls -q
            """);

        Assert.Equal(NestRoot.UseSays, said);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("bridge")]
    public void Levels_go_down_to_the_kernels_limit_and_all_of_them_go_away(string network)
    {
        // MAX_PID_NS_LEVEL of the kernel.
        const int levels = 32;

        Outcome outcome = Sh("exec down 1 99 true", "-e", $"NETWORK={network}");

        Assert.Equal(string.Concat(Enumerable.Range(1, levels).Select(level => $"level {level} 1 /\n")), outcome.Output);
        Assert.Contains("user and pid namespaces nest 32 deep", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(125, outcome.ExitCode);
    }

    [Fact]
    public void Ten_levels_down_a_hog_dies_of_its_limit()
    {
        Outcome outcome = Sh("exec down 1 10 cdock run --rm --network none --memory 30m base hog");

        Assert.EndsWith("level 10 1 /\n", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(137, outcome.ExitCode);
    }

    [Fact]
    public void The_machines_host_image_nests_too()
        => Assert.Equal("deep", _cdock.Ok("run", "--rm", "--nest", "host", "cdock", "run", "--rm", "host", "echo", "deep"));

    [Fact]
    public void A_hog_dies_of_the_limit_of_its_own_level()
    {
        Assert.Equal("137\nalive", Nested(NestRoot.Import + "cdock run --rm --network none --memory 30m base hog; echo $?; echo alive"));
        Assert.Equal("137", Nested(NestRoot.Import + "cdock run --rm --network none base hog; echo $?", "--memory", "60m"));
        Assert.Equal(137, _cdock.Do("run", "--name", "hog", "--nest", "--memory", "30m", "base", "hog").ExitCode);
        Assert.Equal("true", _cdock.Ok("inspect", "-f", "{{.State.OOMKilled}}", "hog"));
    }

    [Fact]
    public void Limits_on_processes_hold_through_the_levels()
    {
        const string Crowd = "i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done";

        Assert.Contains("can't fork", Sh(NestRoot.Import + $"cdock run --rm --network none --pids-limit 20 base sh -c '{Crowd}' 2>&1", "--pids-limit", "200").Output, StringComparison.Ordinal);
        Assert.Contains("can't fork", Sh(NestRoot.Import + $"cdock run --rm --network none base sh -c '{Crowd}' 2>&1", "--pids-limit", "50").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_sent_in_is_in_its_groups_and_its_end_is_that_of_all_below()
    {
        _cdock.Ok("run", "-d", "--name", "outer", "--nest", "-v", $"{_root.Archive}:/root.tar:ro", "base", "sh", "-c",
            NestRoot.Import + "cdock run -d --name inner base sleep 98765 >/dev/null; echo ready; sleep 1000");
        Cdock.Until(() => _cdock.Do("logs", "outer").Output.Contains("ready", StringComparison.Ordinal), "the inner container runs");

        Assert.Equal("inner", _cdock.Ok("exec", "outer", "cdock", "ps", "--format", "{{.Names}}"));
        Assert.DoesNotContain("..", _cdock.Ok("exec", "outer", "cat", "/proc/self/cgroup"), StringComparison.Ordinal);
        Assert.Contains("sleep 98765", _cdock.Ok("top", "outer"), StringComparison.Ordinal);
        _cdock.Ok("rm", "-f", "-v", "outer");
        Assert.DoesNotContain(Directory.GetDirectories("/proc"), IsInner);
        Assert.Empty(Directory.GetDirectories(Path.Join(_cdock.Root, "volumes")));
    }

    [Fact]
    public void It_starts_again_and_has_what_it_had()
    {
        _cdock.Ok("create", "--name", "again", "--nest", "-v", $"{_root.Archive}:/root.tar:ro", "base", "sh", "-c",
            "cdock images -q | wc -l; cdock import /root.tar base >/dev/null; cdock run --rm --network none base echo ran");

        Assert.Equal("0\nran", _cdock.Ok("start", "-a", "again"));
        Assert.Equal("1\nran", _cdock.Ok("start", "-a", "again"));
        _cdock.Ok("rm", "-v", "again");
    }

    [Fact]
    public void All_that_is_relaxed_is_told_with_its_reason()
    {
        string told = _cdock.Run("--nest", "--explain", "base", "true").Error;
        _cdock.Ok("create", "--name", "plain", "--userns", "auto", "base", "true");
        _cdock.Ok("create", "--name", "nested", "--nest", "base", "true");
        using JsonDocument plain = Config("plain");
        using JsonDocument nested = Config("nested");

        string[] capabilities = [.. Words(nested, "process", "capabilities", "bounding").Except(Words(plain, "process", "capabilities", "bounding"))];
        string[] paths = [.. Words(plain, "linux", "readonlyPaths").Except(Words(nested, "linux", "readonlyPaths"))];
        string[] calls = [.. Allowed(nested).Except(Allowed(plain))];
        Assert.Equal(3, capabilities.Length);
        Assert.Equal(["/proc/sys"], paths);
        Assert.All([.. capabilities, .. paths, .. calls], one => Assert.Matches($"(?m)^ +[0-9]+ µs  nest: .*{one}\\b.*\n +config.json: .*\n +[a-z]", told));
        Assert.Equal(Words(plain, "linux", "maskedPaths"), Words(nested, "linux", "maskedPaths"));
        Assert.Empty(Allowed(plain).Except(Allowed(nested)));
    }

    [Theory]
    [InlineData("--privileged")]
    [InlineData("--userns host")]
    [InlineData("--pid host")]
    [InlineData("--network host")]
    [InlineData("--network container:other")]
    [InlineData("--cgroupns host")]
    [InlineData("--isolate uts")]
    public void What_contradicts_it_is_refused(string flags)
    {
        _cdock.Ok("create", "--name", "other", "base", "true");

        Outcome outcome = _cdock.Do(["run", "--rm", "--nest", .. flags.Split(' '), "base", "true"]);

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("--nest and --", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(" exclude each other", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--device-read-bps /dev/null:1mb")]
    [InlineData("--device-write-bps /dev/null:1mb")]
    [InlineData("--device-read-iops /dev/null:1")]
    [InlineData("--device-write-iops /dev/null:1")]
    public void A_limit_that_holds_for_one_group_alone_is_refused(string flags)
    {
        Needs.Met(!File.Exists("/sys/fs/cgroup/cgroup.controllers"), "cgroup v1, where disks are limited so");

        Outcome outcome = _cdock.Do(["run", "--rm", "--nest", .. flags.Split(' '), "base", "true"]);

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains(" exclude each other", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_root_of_the_user_namespace_is_the_machines_it_is_refused()
    {
        using Process create = _cdock.Start("unshare", ["--user", "--map-root-user", Cdock.Program, "create", "--nest", "base", "true"]);
        Outcome outcome = Cdock.Finish(create);

        Assert.Equal((1, "cdock: --nest: root of this user namespace is the machine's root, and its containers would be too"), (outcome.ExitCode, outcome.FirstError));
        Assert.Empty(_cdock.Ids());
    }

    public void Dispose() => _cdock.Dispose();

    private Outcome Sh(string script, params string[] flags)
        => _cdock.Run(["--nest", "-v", $"{_root.Archive}:/root.tar:ro", .. flags, "base", "sh", "-c", script]);

    private string Nested(string script, params string[] flags)
    {
        Outcome outcome = Sh(script, flags);
        Assert.True(outcome.ExitCode == 0, $"exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }

    private static bool IsInner(string process)
    {
        try
        {
            return File.ReadAllText(Path.Join(process, "cmdline")).Contains("98765", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private JsonDocument Config(string name)
        => JsonDocument.Parse(File.ReadAllText(Path.Join(_cdock.Root, "containers", _cdock.Ok("inspect", "-f", "{{.Id}}", name), "config.json")));

    private static string[] Words(JsonDocument config, params string[] path)
        => [.. path.Aggregate(config.RootElement, (element, name) => element.GetProperty(name)).EnumerateArray().Select(word => word.GetString()!)];

    private static string[] Allowed(JsonDocument config) =>
    [
        .. config.RootElement.GetProperty("linux").GetProperty("seccomp").GetProperty("syscalls").EnumerateArray()
            .Where(rule => rule.GetProperty("action").GetString() == "SCMP_ACT_ALLOW")
            .SelectMany(rule => rule.GetProperty("names").EnumerateArray()).Select(name => name.GetString()!).Distinct(),
    ];
}
