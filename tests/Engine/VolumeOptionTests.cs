namespace Containerception.Engine.Tests;

/// <summary>Volumes that are file systems: <c>volume create --opt</c>.</summary>
public sealed class VolumeOptionTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Memory_is_shared_by_those_who_have_it_and_gone_with_the_last()
    {
        _cdock.Ok("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "-o", "o=size=1m,mode=700,nosuid", "memory");
        _cdock.Detached("first", "echo first > /m/file; sleep 1234", "-v", "memory:/m");
        Cdock.Until(() => _cdock.Do("exec", "first", "cat", "/m/file").Output == "first\n", "it has written");

        Assert.Equal("first\n1024 700", _cdock.Says("cat /m/file; echo second >> /m/file; echo $(df -k /m | tail -n 1 | awk '{print $2}') $(stat -c %a /m)", "-v", "memory:/m"));
        Assert.Equal("first\nsecond\n", _cdock.Do("exec", "first", "cat", "/m/file").Output);
        Assert.Contains("nosuid", _cdock.Ok("exec", "first", "grep", " /m ", "/proc/mounts"), StringComparison.Ordinal);
        _cdock.Ok("stop", "-t", "0", "first");
        Assert.Equal("", _cdock.Says("ls /m", "-v", "memory:/m"));
        _cdock.Ok("start", "first");
        Cdock.Until(() => _cdock.Do("exec", "first", "cat", "/m/file").Output == "first\n", "it has written again");
        Assert.DoesNotContain("volumes/memory", File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bind", "kept\n")]
    [InlineData("bind,ro", "")]
    public void A_directory_of_the_host_has_a_name(string options, string written)
    {
        string directory = Directory.CreateDirectory(Path.Join(_cdock.Root, "theirs")).FullName;
        File.WriteAllText(Path.Join(directory, "file"), "as it was\n");
        _cdock.Ok("volume", "create", "--opt", "type=none", "--opt", $"device={directory}", "--opt", $"o={options}", "theirs");

        Assert.Equal("as it was", _cdock.Says("cat /v/file; echo kept > /v/new || :", "-v", "theirs:/v"));

        string made = Path.Join(directory, "new");
        Assert.Equal(written, File.Exists(made) ? File.ReadAllText(made) : "");
        Assert.Equal($"{directory} none {options}", _cdock.Ok("volume", "inspect", "-f", "{{.Options.device}} {{.Options.type}} {{.Options.o}}", "theirs"));
        _cdock.Ok("volume", "rm", "theirs");
        Assert.True(File.Exists(Path.Join(directory, "file")));
    }

    [Fact]
    public void What_is_in_it_is_copied_also_when_the_container_has_ended()
    {
        string directory = Directory.CreateDirectory(Path.Join(_cdock.Root, "theirs")).FullName;
        _cdock.Ok("volume", "create", "--opt", "type=none", "--opt", $"device={directory}", "--opt", "o=bind", "theirs");
        TestImage.Busybox().Load(_cdock.Root);
        _cdock.Ok("run", "--name", "box", "--runtime", Cdock.Runtime, "-v", "theirs:/v", "test", "sh", "-c", "echo kept > /v/new");
        string target = Path.Join(_cdock.Root, "target");

        _cdock.Ok("cp", "box:/v/new", target);

        Assert.Equal("kept\n", File.ReadAllText(target));
    }

    [Theory]
    [InlineData("missing required option: \"device\"", "type=tmpfs")]
    [InlineData("missing required option: \"type\"", "o=bind")]
    [InlineData("invalid option: \"colour\"", "colour=red")]
    [InlineData("--opt size: quotas are not supported", "size=1m")]
    public void Options_that_make_no_file_system_are_refused(string error, string option)
    {
        Outcome outcome = _cdock.Do("volume", "create", "--opt", option, "odd");
        Assert.Equal((1, $"cdock: {error}"), (outcome.ExitCode, outcome.FirstError));
        Assert.Equal("", _cdock.Ok("volume", "ls", "-q"));
    }

    [Fact]
    public void A_device_that_is_not_there_is_told_when_it_is_wanted()
    {
        _cdock.Ok("volume", "create", "--opt", "type=ext4", "--opt", "device=/dev/nothing", "odd");

        Outcome outcome = _cdock.Shell("true", "-v", "odd:/v");

        Assert.Equal(125, outcome.ExitCode);
        Assert.StartsWith("cdock: cannot mount the volume odd: mount(\"/dev/nothing\"", outcome.FirstError, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();
}
