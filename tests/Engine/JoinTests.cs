namespace Containerception.Engine.Tests;

/// <summary>Containers that share another's processes, queues and shared memory.</summary>
public sealed class JoinTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void It_sees_the_processes_of_another_and_ends_alone()
    {
        string donor = _cdock.Detached("donor", "sleep 1234");

        Assert.Contains("sleep 1234", _cdock.Says("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "--pid", "container:donor"), StringComparison.Ordinal);

        _cdock.Detached("guest", "sleep 4321 & sleep 5432", "--pid", "container:donor");
        Assert.Equal($"container:{donor}", _cdock.Ok("inspect", "-f", "{{.HostConfig.PidMode}}", "guest"));
        Cdock.Until(() => Processes().Contains("sleep 4321", StringComparison.Ordinal), "its program runs");
        _cdock.Ok("rm", "-f", "guest");
        string left = Processes();
        Assert.Contains("sleep 1234", left, StringComparison.Ordinal);
        Assert.DoesNotContain("sleep 4321", left, StringComparison.Ordinal);
        Assert.DoesNotContain("sleep 5432", left, StringComparison.Ordinal);
    }

    [Fact]
    public void It_finds_the_other_anew_at_each_start()
    {
        _cdock.Detached("donor", "sleep 1234");
        _cdock.Ok("run", "--name", "guest", "--runtime", Cdock.Runtime, "--pid", "container:donor", "host", "sh", "-c", "grep -c . /proc/1/cmdline && tr '\\0' ' ' < /proc/1/cmdline");
        _cdock.Ok("kill", "donor");

        Outcome refused = _cdock.Do("start", "-a", "guest");
        Assert.Equal((1, "cdock: cannot join the PID namespace of donor, which does not run"), (refused.ExitCode, refused.FirstError));

        _cdock.Ok("start", "donor");
        Assert.Contains("sleep 1234", _cdock.Ok("start", "-a", "guest"), StringComparison.Ordinal);
    }

    [Fact]
    public void Queues_and_shared_memory_are_shared_with_who_is_shareable()
    {
        string donor = _cdock.Detached("donor", "echo theirs > /dev/shm/file; sleep 1234", "--ipc", "shareable");
        Cdock.Until(() => _cdock.Do("exec", "donor", "cat", "/dev/shm/file").Output == "theirs\n", "it has written");

        Assert.Equal(
            $"theirs\n{Ipc("donor")}", _cdock.Says("cat /dev/shm/file; echo ours >> /dev/shm/file; readlink /proc/self/ns/ipc", "--ipc", "container:donor"));

        Assert.Equal("theirs\nours\n", _cdock.Do("exec", "donor", "cat", "/dev/shm/file").Output);
        Assert.Equal("shareable", _cdock.Ok("inspect", "-f", "{{.HostConfig.IpcMode}}", "donor"));
        _cdock.Ok("create", "--name", "guest", "--runtime", Cdock.Runtime, "--ipc", $"container:{donor[..12]}", "host", "true");
        Assert.Equal($"container:{donor}", _cdock.Ok("inspect", "-f", "{{.HostConfig.IpcMode}}", "guest"));
        Assert.Equal("rw,nosuid,nodev,noexec", _cdock.Says("grep ' /dev/shm ' /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1-4", "--ipc", "container:donor"));
    }

    [Fact]
    public void With_none_there_is_no_shared_memory_at_all()
    {
        string id = _cdock.Detached("alone", "sleep 1234", "--ipc", "none");
        Assert.Equal("none", _cdock.Ok("inspect", "-f", "{{.HostConfig.IpcMode}}", id));
        Assert.NotEqual(new FileInfo("/proc/self/ns/ipc").LinkTarget, Ipc("alone"));
        Assert.Equal(1, _cdock.Do("exec", "alone", "grep", " /dev/shm ", "/proc/mounts").ExitCode);
    }

    [Fact]
    public void What_cannot_be_joined_is_told()
    {
        _cdock.Detached("donor", "sleep 1234");

        Refused("--ipc container:donor: donor does not share its IPC namespace", "--ipc", "container:donor");
        Refused("no such container: nobody", "--pid", "container:nobody");
        Refused("--pid container: and --userns auto exclude each other", "--pid", "container:donor", "--userns", "auto");
        Refused("--restart always with --pid container: is not supported", "--pid", "container:donor", "--restart", "always");
        _cdock.Ok("create", "--name", "guest", "--runtime", Cdock.Runtime, "--pid", "container:donor", "host", "true");
        Assert.Contains("is not supported", _cdock.Do("update", "--restart", "always", "guest").FirstError, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();

    private void Refused(string error, params string[] flags)
    {
        Outcome outcome = _cdock.Do(["run", "-d", "--runtime", Cdock.Runtime, .. flags, "host", "true"], input: null);
        Assert.Equal((125, $"cdock: {error}"), (outcome.ExitCode, outcome.FirstError));
    }

    private string Processes() => _cdock.Ok("exec", "donor", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");

    private string Ipc(string container) => _cdock.Ok("exec", container, "readlink", "/proc/self/ns/ipc");
}
