namespace Containerception.Engine.Tests;

/// <summary>The same containers by other runtimes: runc, crun and gVisor's runsc, from PATH or from the chroot of the peers.</summary>
public sealed class OtherRuntimeTests : IDisposable
{
    private static readonly string Peers = Path.Combine(Environment.GetEnvironmentVariable("CONTAINERCEPTION_CACHE") ?? "/var/cache/containerception", "peers");

    private readonly Cdock _cdock = new();

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    [InlineData("runsc")]
    public void It_runs_attached(string name)
    {
        string runtime = Runtime(name);
        Assert.Equal(new Outcome(7, "out\n", "err\n"), _cdock.Do("run", "--rm", "--runtime", runtime, "host", "sh", "-c", "echo out; echo err >&2; exit 7"));
        Assert.Equal("in\n", _cdock.Do(["run", "--rm", "-i", "--runtime", runtime, "host", "cat"], "in\n").Output);
        Outcome missing = _cdock.Do("run", "--rm", "--runtime", runtime, "host", "no-such-program");
        Assert.Equal(127, missing.ExitCode);
        Assert.StartsWith("cdock: ", missing.Error, StringComparison.Ordinal);
        Assert.Empty(_cdock.Ids());
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    [InlineData("runsc")]
    public void It_lives_as_any_other(string name)
    {
        string runtime = Runtime(name);
        string id = _cdock.Ok(
            "run", "-d", "--name", "other", "--runtime", runtime, "--restart", "on-failure:1", "host", "sh", "-c",
            "echo begun; trap 'exit 4' TERM; while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 9");
        Assert.Equal("hello", _cdock.Ok("exec", "other", "echo", "hello"));
        _cdock.Ok("pause", "other");
        _cdock.Ok("unpause", "other");
        int first = _cdock.Status(id).GetProperty("pid").GetInt32();
        _cdock.Ok("exec", "other", "touch", "/tmp/go");
        Cdock.Until(() => _cdock.Status(id).GetProperty("state").GetString() == "exited", "it fails twice");
        Assert.Equal(1, _cdock.Status(id).GetProperty("restartCount").GetInt32());
        Assert.Equal(9, _cdock.Status(id).GetProperty("exitCode").GetInt32());
        Assert.Equal("begun\nbegun", _cdock.Ok("logs", "other"));

        _cdock.Ok("start", "other");
        Assert.NotEqual(first, _cdock.Status(id).GetProperty("pid").GetInt32());
        _cdock.Ok("stop", "other");
        Assert.Equal(4, _cdock.Status(id).GetProperty("exitCode").GetInt32());
        _cdock.Ok("rm", "other");
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    public void It_can_have_a_terminal_and_lack_memory(string name)
    {
        string runtime = Runtime(name);
        _cdock.Ok("run", "-d", "-t", "--name", "console", "--runtime", runtime, "host", "sh", "-c", "test -t 0 && echo yes");
        _cdock.Ok("wait", "console");
        Assert.Equal("yes\r", _cdock.Ok("logs", "console"));

        Assert.Equal(137, _cdock.Do("run", "--name", "greedy", "-m", "32m", "--memory-swap", "32m", "--runtime", runtime, "host", "tail", "/dev/zero").ExitCode);
        Assert.Contains("for lack of memory", _cdock.Ok("why", "greedy"), StringComparison.Ordinal);
    }

    /// <summary>The user namespace is there before the container is, for the network belongs to it: the runtime joins both.</summary>
    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    public void It_can_have_users_and_a_network_of_its_own(string name)
        => Assert.Equal("0 65536 eth0\n", _cdock.Do(
            "run", "--rm", "--runtime", Runtime(name), "--userns", "auto", "host", "sh", "-c",
            "echo $(id -u) $(tr -s ' ' </proc/self/uid_map | cut -d' ' -f4) $(ls /sys/class/net | grep eth)").Output);

    public void Dispose() => _cdock.Dispose();

    // One of its name, that enters the chroot of the peers where there is one: crun needs to be shown cgroups as it knows them.
    private string Runtime(string name)
    {
        bool isPeer = File.Exists(Path.Join(Peers, "usr/bin", name)) || File.Exists(Path.Join(Peers, "usr/sbin", name));
        if (!isPeer && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Join(folder, name))))
        {
            return name;
        }

        // Debian has no gVisor: CI's machine was never promised to.
        Assert.SkipWhen(name == "runsc", "needs runsc");
        Needs.Met(isPeer, name);
        string script = Path.Join(_cdock.Root, name);
        File.WriteAllText(script, $"#!/bin/sh\nexec {Cdock.Repository}/bench/peer {name} \"$@\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return script;
    }
}
