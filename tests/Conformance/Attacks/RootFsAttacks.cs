using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>An image with links where the runtime makes, mounts or opens something; and somebody who puts them there while it does.</summary>
public sealed class RootFsAttacks : ContainerTest, IDisposable
{
    private static readonly TimeSpan RaceTime = TimeSpan.FromSeconds(8);
    private const int RacesMax = 300;

    // The scratch folder may be in /dev/shm, and a link from /dev into that is a loop, which leads nowhere.
    private readonly string _outside = Directory.CreateTempSubdirectory("containerception-").FullName;

    void IDisposable.Dispose()
    {
        Directory.Delete(_outside, recursive: true);
        Dispose();
    }

    [Fact]
    public void CVE_2026_41579_a_link_in_place_of_dev()
    {
        Canary canary = new(_outside);
        Directory.Delete(Bundle.InRoot("/dev"));
        File.CreateSymbolicLink(Bundle.InRoot("/dev"), canary.Folder);
        RunArgs("/bin/true").Succeeded();
        canary.AssertUntouched();
    }

    [Theory]
    [InlineData("null")]
    [InlineData("ptmx")]
    [InlineData("fd")]
    [InlineData("console")]
    [InlineData("pts")]
    [InlineData("shm")]
    public void CVE_2026_41579_a_link_in_place_of_what_is_made_in_dev(string name)
    {
        Canary canary = new(Scratch);
        foreach (string path in (ReadOnlySpan<string>)["/dev", "/dev/shm", "/dev/mqueue"])
        {
            Config.RemoveMount(path);
        }

        File.CreateSymbolicLink(Bundle.InRoot("/dev/" + name), Path.Combine(canary.Folder, "made"));
        RunArgs("/bin/true").Succeeded();
        canary.AssertUntouched();
    }

    [Theory]
    [InlineData("/mnt/link/made")]
    [InlineData("/mnt/link")]
    public void CVE_2021_30465_a_destination_through_a_link(string destination)
    {
        Canary canary = new(Scratch);
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), canary.Folder);
        Config.AddMount(destination, "tmpfs", "tmpfs");
        RunArgs("/bin/true").Succeeded();
        canary.AssertUntouched();
    }

    [Fact]
    public void CVE_2024_45310_a_missing_file_to_bind_on()
    {
        Canary canary = new(Scratch);
        File.CreateSymbolicLink(Bundle.InRoot("/etc/link"), Path.Combine(canary.Folder, "made"));
        Config.AddMount("/etc/link", "bind", "/etc/hostname", "bind");
        RunArgs("/bin/true").Succeeded();
        canary.AssertUntouched();
    }

    /// <summary>The console is bound on what lies at /dev/console, and the terminal is taken out of what lies at /dev/pts.</summary>
    [Theory]
    [InlineData("console", "/proc/sys/kernel/hostname")]
    [InlineData("console", "/proc/version")]
    [InlineData("pts", "/proc/self/fd")]
    [InlineData("pts", "../etc")]
    [InlineData("ptmx", "/proc/version")]
    public void CVE_2025_52565_a_link_in_place_of_the_console(string name, string target)
    {
        Canary canary = new(Scratch);
        string path = Path.Combine(Scratch, "console");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Config.RemoveMount("/dev");
        Config.RemoveMount("/dev/shm");
        Config.RemoveMount("/dev/mqueue");
        if (name == "pts")
        {
            Config.RemoveMount("/dev/pts");
        }

        File.CreateSymbolicLink(Bundle.InRoot("/dev/" + name), target);
        Outcome outcome = Create("--console-socket", path);
        if (name == "pts")
        {
            Assert.NotEqual(0, outcome.Status);
        }
        else if (outcome.Status == 0)
        {
            // The link was covered or made anew: what it led to is what it was.
            Assert.StartsWith("regular", Runtime.Invoke("exec", Id, "/bin/stat", "-c", "%F", target).Succeeded(), StringComparison.Ordinal);
            Assert.Equal("character special file", Runtime.Invoke("exec", Id, "/bin/stat", "-L", "-c", "%F", "/dev/" + name).Succeeded());
            DeleteForced();
        }

        canary.AssertUntouched();
    }

    /// <summary>A folder of the container and a link out of it change places all the time, while everything that resolves a path goes through them.</summary>
    [Fact]
    public void CVE_2021_30465_and_2024_45310_destinations_swapped_while_they_are_mounted()
    {
        Canary canary = new(Scratch);
        Directory.CreateDirectory(Bundle.InRoot("/mnt/a"));
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/b"), canary.Folder);
        for (int i = 0; i < 8; i++)
        {
            Config.AddMount($"/mnt/a/folder{i}/below", "tmpfs", "tmpfs");
            Config.AddMount($"/mnt/a/file{i}", "bind", "/etc/hostname", "bind");
        }

        Config.Set("linux.devices", JsonNode.Parse("""[{"path": "/mnt/a/device", "type": "c", "major": 1, "minor": 3, "uid": 7, "fileMode": 438}]"""));
        Config.Set("linux.maskedPaths", new JsonArray("/mnt/a/secret", "/mnt/a/folder0"));
        Config.Set("linux.readonlyPaths", new JsonArray("/mnt/a"));
        (int made, long swaps) = Race("/mnt/a", "/mnt/b", canary);
        Assert.True(swaps > 1000, $"only {swaps} exchanges");
        Assert.True(made > 0, "no container was made, so nothing was raced");
    }

    [Fact]
    public void CVE_2026_41579_dev_swapped_while_devices_are_made()
    {
        Canary canary = new(_outside);
        foreach (string path in (ReadOnlySpan<string>)["/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"])
        {
            Config.RemoveMount(path);
        }

        File.CreateSymbolicLink(Bundle.InRoot("/other"), canary.Folder);
        (int made, long swaps) = Race("/dev", "/other", canary);
        Assert.True(swaps > 1000 && made > 0, $"{swaps} exchanges, {made} made");
    }

    /// <summary>openat2(2) says EAGAIN of a path with ".." while anything on the machine is renamed: that is to fail no container.</summary>
    [Fact]
    public void Renames_elsewhere_on_the_machine_fail_no_container()
    {
        string one = Directory.CreateDirectory(Path.Combine(Scratch, "one")).FullName;
        string other = Directory.CreateDirectory(Path.Combine(Scratch, "other")).FullName;
        Directory.CreateDirectory(Bundle.InRoot("/mnt/below"));
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), "../mnt/below/../below");
        Config.Set("linux.maskedPaths", new JsonArray([.. Enumerable.Range(0, 100).Select(i => JsonValue.Create($"/mnt/link/none{i}"))]));
        for (int i = 0; i < 20; i++)
        {
            Config.AddMount($"/mnt/link/folder{i}", "tmpfs", "tmpfs");
            Config.AddMount($"/mnt/link/folder{i}", "tmpfs", "tmpfs", "remount", "ro");
        }

        using Swapper swapper = new(one, other);
        for (int i = 0; i < 5; i++)
        {
            RunArgs("/bin/true").Succeeded();
        }

        Assert.True(swapper.Count > 1000, $"only {swapper.Count} exchanges");
    }

    private (int Made, long Swaps) Race(string one, string other, Canary canary)
    {
        Config.SetWords("process.args", "/bin/true");
        int made = 0;
        using Swapper swapper = new(Bundle.InRoot(one), Bundle.InRoot(other));
        DateTime deadline = DateTime.UtcNow + RaceTime;
        for (int i = 0; i < RacesMax && DateTime.UtcNow < deadline; i++)
        {
            made += Run().Status == 0 ? 1 : 0;
            canary.AssertUntouched();
        }

        return (made, swapper.Count);
    }
}
