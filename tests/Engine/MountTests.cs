namespace Containerception.Engine.Tests;

public sealed class MountTests : IDisposable
{
    private readonly Cdock _cdock = new();
    private readonly string _place;

    public MountTests()
    {
        _place = Directory.CreateDirectory(Path.Join(_cdock.Root, "place")).FullName;
        File.WriteAllText(Path.Join(_place, "file"), "from the host\n");
    }

    [Fact]
    public void A_volume_is_the_hosts_directory()
    {
        Assert.Equal("from the host", _cdock.Says("cat /v/file; echo inside >/v/new", "-v", $"{_place}:/v"));
        Assert.Equal("inside\n", File.ReadAllText(Path.Join(_place, "new")));
    }

    [Fact]
    public void A_read_only_volume_cannot_be_written()
    {
        Assert.NotEqual(0, _cdock.Shell("echo x >/v/file", "-v", $"{_place}:/v:ro").ExitCode);
        Assert.NotEqual(0, _cdock.Shell("echo x >/v/file", "--mount", $"type=bind,src={_place},dst=/v,readonly").ExitCode);
        Assert.Equal("from the host\n", File.ReadAllText(Path.Join(_place, "file")));
    }

    [Fact]
    public void A_file_can_be_shown_alone()
        => Assert.Equal("from the host", _cdock.Says("cat /etc/shown", "-v", $"{Path.Join(_place, "file")}:/etc/shown:ro"));

    [Fact]
    public void A_missing_source_is_made_for_a_volume_and_refused_for_a_mount()
    {
        string missing = Path.Join(_place, "missing");
        Assert.Equal(125, _cdock.Shell("true", "--mount", $"type=bind,src={missing},dst=/v").ExitCode);
        Assert.False(Directory.Exists(missing));
        Assert.Equal(0, _cdock.Shell("true", "-v", $"{missing}:/v").ExitCode);
        Assert.True(Directory.Exists(missing));
    }

    [Fact]
    public void A_tmpfs_has_its_size_and_options()
    {
        Assert.Equal("1024", _cdock.Says("df -k /m | awk 'END { print $2 }'", "--tmpfs", "/m:size=1m"));
        Assert.Contains("noexec", _cdock.Says("grep ' /m ' /proc/mounts", "--mount", "type=tmpfs,dst=/m,tmpfs-size=1m"), StringComparison.Ordinal);
        Assert.DoesNotContain("noexec", _cdock.Says("grep ' /m ' /proc/mounts", "--tmpfs", "/m:exec"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_a_root_file_system()
    {
        using BusyboxRoot root = new();

        Assert.Equal("1234 1235 50\n", _cdock.Run("-u", "ann", "--rootfs", root.Location, "sh", "-c", "echo $(id -u) $(id -G)").Output);
        Assert.Equal(0, _cdock.Run("--rootfs", root.Location, "sh", "-c", "echo changed >/notes").ExitCode);
        Assert.Equal("changed\n", File.ReadAllText(Path.Join(root.Location, "notes")));
    }

    [Theory]
    [InlineData(":overlay")]
    [InlineData(":O")]
    public void With_an_overlay_the_directory_stays_as_it_was(string suffix)
    {
        using BusyboxRoot root = new();

        Outcome outcome = _cdock.Run("--rootfs", root.Location + suffix, "sh", "-c", "echo changed >/notes; touch /new; cat /notes");

        Assert.Equal(new Outcome(0, "changed\n", ""), outcome);
        Assert.Equal("as it was\n", File.ReadAllText(Path.Join(root.Location, "notes")));
        Assert.False(File.Exists(Path.Join(root.Location, "new")));
    }

    [Fact]
    public void A_bundles_own_document_holds_and_flags_change_it()
    {
        using BusyboxRoot root = new();
        string bundle = Directory.CreateDirectory(Path.Join(_cdock.Root, "bundle")).FullName;
        File.WriteAllText(Path.Join(bundle, "config.json"), $$$"""
            {"ociVersion":"1.0.2","hostname":"of-the-bundle","root":{"path":"{{{root.Location}}}"},
             "process":{"cwd":"/tmp","args":["sh","-c","cat /proc/sys/kernel/hostname; pwd; echo $A $B"],"env":["PATH=/bin","A=a","B=b"]},
             "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
             "linux":{"namespaces":[{"type":"mount"},{"type":"pid"},{"type":"uts"}]}}
            """);

        Assert.Equal("of-the-bundle\n/tmp\na b\n", _cdock.Run("--bundle", bundle).Output);
        Assert.Equal("of-the-flag\n/\na c\n", _cdock.Run("--hostname", "of-the-flag", "-w", "/", "-e", "B=c", "--bundle", bundle).Output);
        Assert.Equal("words\n", _cdock.Run("--bundle", bundle, "echo", "words").Output);

        // It has no capabilities, and gets what is added to them and no others.
        string[] capabilities = ["--bundle", bundle, "sh", "-c", "grep CapBnd /proc/self/status"];
        Assert.EndsWith("0000000000000000\n", _cdock.Run(capabilities).Output, StringComparison.Ordinal);
        Assert.EndsWith("0000000000000000\n", _cdock.Run(["--cap-drop", "NET_RAW", .. capabilities]).Output, StringComparison.Ordinal);
        Assert.EndsWith("0000000000000020\n", _cdock.Run(["--cap-add", "KILL", .. capabilities]).Output, StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();
}
