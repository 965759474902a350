using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>Images that mean harm to whoever runs them: nothing of the host is touched, and what they say is not believed.</summary>
public sealed class ImageAttackTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passage = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Cdock _cdock = new();

    /// <summary>All digits are an id, whatever /etc/passwd calls a user: CVE-2016-3697, CVE-2026-46680.</summary>
    [Fact]
    public void CVE_2016_3697_a_number_is_no_name()
    {
        TestImage.Busybox().With("User", "5678").Load(_cdock.Root);

        Assert.StartsWith("uid=5678", _cdock.Run("test", "id").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4294967296")]
    [InlineData("4294967295")]
    [InlineData("2147483648:0")]
    [InlineData("-1")]
    public void CVE_2024_40635_an_id_that_wraps_is_refused(string user)
    {
        TestImage.Busybox().With("User", user).Load(_cdock.Root);

        Assert.Equal(125, _cdock.Run("test", "id").ExitCode);
    }

    /// <summary>A label once reached a command on the host; runtimes obey annotations, so no label becomes one.</summary>
    [Fact]
    public void CVE_2026_53488_labels_are_told_and_never_obeyed()
    {
        TestImage.Busybox().With("Labels", new JsonObject { ["run.oci.hooks.stderr"] = "/tmp/x", ["io.containers.trace-syscall"] = "of:/tmp/y" }).Load(_cdock.Root);
        _cdock.Do("run", "-d", "test", "sleep", "100");

        Assert.DoesNotContain("run.oci", File.ReadAllText(Path.Join(_cdock.Root, "containers", _cdock.Ids()[0], "config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void CVE_2026_47262_a_fifo_or_a_flood_in_place_of_the_users_does_not_stop_us()
    {
        TestImage.Busybox().Layer(new HostileTar().File(".wh.etc", "").Folder("etc/").Device("etc/passwd", '6', 0, 0).Link("etc/group", "/dev/zero").End()).Load(_cdock.Root);

        Assert.Equal("ok\n", _cdock.Run("test", "echo", "ok").Output);
    }

    /// <summary>What is put at /etc/hosts goes into the container's tree, wherever the image's links lead: CVE-2021-30465, CVE-2024-45310.</summary>
    [Theory]
    [InlineData("etc", "{outside}")]
    [InlineData("etc", "../../../../../../../../{outside}")]
    [InlineData("etc/hosts", "{outside}/hosts")]
    [InlineData("etc/resolv.conf", "../{outside}/resolv.conf")]
    public void CVE_2021_30465_links_in_the_image_lead_nowhere_else(string name, string text)
    {
        string outside = Directory.CreateDirectory(Path.Join(_cdock.Root, "outside")).FullName;
        File.WriteAllText(Path.Join(outside, "kept"), "as it was");
        string link = text.Replace("{outside}", outside, StringComparison.Ordinal);
        HostileTar layer = new();
        TestImage.Busybox().Layer((name == "etc" ? layer.File(".wh.etc", "") : layer).Link(name, link).End()).Load(_cdock.Root);

        _cdock.Run("test", "true");

        Assert.Equal(["kept"], Directory.GetFileSystemEntries(outside).Select(path => Path.GetFileName(path)));
        Assert.Equal("as it was", File.ReadAllText(Path.Join(outside, "kept")));
    }

    [Theory]
    [InlineData("WorkingDir", "/../../../../{outside}/made")]
    [InlineData("WorkingDir", "/way/made")]
    public void A_working_directory_is_made_inside(string field, string value)
    {
        string outside = Directory.CreateDirectory(Path.Join(_cdock.Root, "outside")).FullName;
        TestImage.Busybox().Layer(new HostileTar().Link("way", outside).End()).With(field, value.Replace("{outside}", outside, StringComparison.Ordinal)).Load(_cdock.Root);

        _cdock.Run("test", "true");

        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    /// <summary>CVE-2022-23648: a volume's place in the image led to the host, whose files were copied into it.</summary>
    [Fact]
    public void CVE_2022_23648_a_volume_is_filled_from_the_image_alone()
    {
        string outside = Directory.CreateDirectory(Path.Join(_cdock.Root, "outside")).FullName;
        File.WriteAllText(Path.Join(outside, "secret"), "host's");
        TestImage.Busybox().Layer(new HostileTar().Link("data", outside).End()).With("Volumes", new JsonObject { ["/data"] = new JsonObject() }).Load(_cdock.Root);

        Assert.DoesNotContain("secret", _cdock.Run("test", "find", "/data/", "-name", "secret").Output, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(Path.Join(_cdock.Root, "volumes")) ? Directory.GetFiles(Path.Join(_cdock.Root, "volumes"), "secret", SearchOption.AllDirectories) : []);
    }

    [Theory]
    [InlineData("/../../etc")]
    [InlineData("data")]
    [InlineData("/")]
    [InlineData("/tmp:/host")]
    public void A_volume_that_is_no_place_is_refused(string place)
    {
        TestImage.Busybox().With("Volumes", new JsonObject { [place] = new JsonObject() }).Load(_cdock.Root);

        Assert.Equal(125, _cdock.Run("test", "true").ExitCode);
        Assert.Empty(_cdock.Ids());
    }

    /// <summary>A container's own directory is passed through by its users, and seen by nobody.</summary>
    [Fact]
    public void CVE_2021_41091_what_a_container_writes_is_behind_a_door()
    {
        TestImage.Busybox().Load(_cdock.Root);
        _cdock.Ok("run", "-d", "-v", "data:/data", "test", "sleep", "100");

        Assert.All(["containers", "layers", "volumes", "volumes/data"], name => Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Join(_cdock.Root, name))));
        Assert.All(["cdock.db", "cdock.db-wal", "cdock.db-shm"], name => Assert.Equal(OwnerOnly & ~UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Join(_cdock.Root, name))));
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(_cdock.Root) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite));
    }

    [Fact]
    public void CVE_2021_41091_the_door_is_opened_for_the_users_of_a_container_as_far_as_their_way_goes()
    {
        TestImage.Busybox().Load(_cdock.Root);
        _cdock.Ok("volume", "create", "other");
        _cdock.Ok("run", "-d", "--userns", "auto", "-v", "data:/data", "test", "sleep", "100");

        Assert.Equal(OwnerOnly | Passage, File.GetUnixFileMode(Path.Join(_cdock.Root, "volumes")));
        Assert.Equal(OwnerOnly | Passage, File.GetUnixFileMode(Path.Join(_cdock.Root, "volumes/data")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Join(_cdock.Root, "volumes/other")));
    }

    [Theory]
    [InlineData(0x9ED)]
    public void A_device_of_the_image_is_none_of_the_containers(int mode)
    {
        string disk = File.ReadLines("/proc/partitions").Skip(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).First(fields => fields.Length == 4) is { } found
            ? $"{found[0]}:{found[1]}" : "8:0";
        string[] numbers = disk.Split(':');
        TestImage.Busybox().Layer(new HostileTar()
            .Member("disk", '4', mode: mode, major: uint.Parse(numbers[0], CultureInfo.InvariantCulture), minor: uint.Parse(numbers[1], CultureInfo.InvariantCulture)).End()).Load(_cdock.Root);

        Assert.NotEqual(0, _cdock.Run("test", "head", "-c", "1", "/disk").ExitCode);
    }

    public void Dispose() => _cdock.Dispose();
}
