using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class MountTests : ContainerTest
{
    [Theory]
    [InlineData("/proc", "proc", "rw")]
    [InlineData("/dev", "tmpfs", "nosuid", "noatime|strictatime|rw")]
    [InlineData("/dev/pts", "devpts", "nosuid", "noexec")]
    [InlineData("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev")]
    [InlineData("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev")]
    [InlineData("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro")]
    public void The_default_mounts_are_there(string point, string type, params string[] options)
    {
        JsonNode mount = Find(ProbeJson("mounts"), point);
        Assert.Equal(type, mount["type"]!.GetValue<string>());
        Assert.All(options, option => Assert.Contains(option.Split('|'), one => one == "noatime" || mount["options"].Strings().Contains(one)
            || (one == "strictatime" && !mount["options"].Strings().Contains("relatime"))));
    }

    [Fact]
    public void A_read_only_tmpfs_takes_what_is_to_be_on_it_first()
    {
        Config["mounts"]!.AsArray().Single(mount => (string?)mount!["destination"] == "/dev")!["options"]!.AsArray().Add("ro");
        Config.AddMount("/mnt", "tmpfs", "outer", "ro");
        Config.AddMount("/mnt/below", "tmpfs", "inner", "mode=711");
        Outcome outcome = Shell("stat -c %a /mnt/below && : >/dev/null && touch /mnt/below/x && echo written; touch /mnt/x; touch /dev/x");
        Assert.Equal("711\nwritten\n", outcome.Output);
        Assert.Equal(3, outcome.Errors.Split("Read-only file system").Length);
    }

    [Theory]
    [InlineData("/mnt", "701")]
    [InlineData("/absent", "1777")]
    [InlineData("/mnt", "1770", "mode=1770")]
    public void A_tmpfs_has_the_mode_of_what_it_hides(string path, string shown, params string[] options)
    {
        Directory.CreateDirectory(Bundle.InRoot("/mnt"));
        File.SetUnixFileMode(Bundle.InRoot("/mnt"), (UnixFileMode)0b111_000_001);
        Config.Set("root.readonly", false);
        Config.AddMount(path, "tmpfs", "tmpfs", options);
        Assert.Equal(shown, Shell($"stat -c %a {path}").Succeeded());
    }

    [Fact]
    public void There_may_be_hundreds_of_mounts()
    {
        for (int i = 0; i < 500; i++)
        {
            Config.AddMount("/mnt", "tmpfs", "tmpfs");
        }

        Assert.Equal("500", Shell("grep -c ' /mnt ' /proc/self/mountinfo").Succeeded());
    }

    [Fact]
    public void The_default_cgroup_mount_shows_the_containers_own()
    {
        string listing = Shell("ls /sys/fs/cgroup").Succeeded();
        Assert.Contains("memory", listing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ro", "ro")]
    [InlineData("rw", "rw")]
    [InlineData("nosuid", "nosuid")]
    [InlineData("nodev", "nodev")]
    [InlineData("noexec", "noexec")]
    [InlineData("noatime", "noatime")]
    [InlineData("nodiratime", "nodiratime")]
    [InlineData("relatime", "relatime")]
    public void An_option_of_a_tmpfs_is_set(string option, string shown)
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", option);
        Assert.Contains(shown, Find(ProbeJson("mounts"), "/mnt")["options"].Strings());
    }

    [Theory]
    [InlineData("ro", "ro")]
    [InlineData("rw", "rw")]
    [InlineData("nosuid", "nosuid")]
    [InlineData("nodev", "nodev")]
    [InlineData("noexec", "noexec")]
    [InlineData("noatime", "noatime")]
    [InlineData("nodiratime", "nodiratime")]
    public void An_option_of_a_bind_is_set(string option, string shown)
    {
        Config.AddMount("/mnt", "bind", Shared(), "bind", option);
        Assert.Contains(shown, Find(ProbeJson("mounts"), "/mnt")["options"].Strings());
    }

    [Theory]
    [InlineData("nosuid", "suid", "nosuid")]
    [InlineData("nodev", "dev", "nodev")]
    [InlineData("noexec", "exec", "noexec")]
    [InlineData("ro", "rw", "ro")]
    public void Of_two_contrary_options_the_last_holds(string first, string second, string shown)
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", first, second);
        Assert.DoesNotContain(shown, Find(ProbeJson("mounts"), "/mnt")["options"].Strings());
    }

    [Theory]
    [InlineData("rro", "ro")]
    [InlineData("rnosuid", "nosuid")]
    [InlineData("rnodev", "nodev")]
    [InlineData("rnoexec", "noexec")]
    public void A_recursive_option_reaches_the_mounts_below(string option, string shown)
    {
        string tree = Shared();
        Directory.CreateDirectory(Path.Combine(tree, "below"));
        Command.Run("mount", "-t", "tmpfs", "below", Path.Combine(tree, "below")).Succeeded();
        try
        {
            Config.AddMount("/mnt", "bind", tree, "rbind", option);
            JsonNode mounts = ProbeJson("mounts");
            Assert.Contains(shown, Find(mounts, "/mnt")["options"].Strings());
            Assert.Contains(shown, Find(mounts, "/mnt/below")["options"].Strings());
        }
        finally
        {
            Command.Run("umount", Path.Combine(tree, "below")).Succeeded();
        }
    }

    [Fact]
    public void A_bind_leaves_the_mounts_below_out_and_an_rbind_takes_them_along()
    {
        string tree = Shared();
        Directory.CreateDirectory(Path.Combine(tree, "below"));
        Command.Run("mount", "-t", "tmpfs", "below", Path.Combine(tree, "below")).Succeeded();
        try
        {
            Config.AddMount("/mnt", "bind", tree, "bind");
            Config.AddMount("/tmp", "bind", tree, "rbind");
            string[] points = [.. ProbeJson("mounts").AsArray().Select(mount => mount!["point"]!.GetValue<string>())];
            Assert.DoesNotContain("/mnt/below", points);
            Assert.Contains("/tmp/below", points);
        }
        finally
        {
            Command.Run("umount", Path.Combine(tree, "below")).Succeeded();
        }
    }

    [Theory]
    [InlineData("private", "")]
    [InlineData("shared", "shared")]
    [InlineData("slave", "master")]
    [InlineData("unbindable", "unbindable")]
    [InlineData("rshared", "shared")]
    [InlineData("rprivate", "")]
    public void Propagation_of_a_bind_is_set(string option, string shown)
    {
        string shared = Shared();
        Command.Run("mount", "--bind", "--make-shared", shared, shared).Succeeded();
        try
        {
            Config.AddMount("/mnt", "bind", shared, "rbind", option);
            string tags = string.Join(' ', Find(ProbeJson("mounts"), "/mnt")["propagation"].Strings());
            Assert.True(shown.Length == 0 ? tags.Length == 0 : tags.Contains(shown, StringComparison.Ordinal), tags);
        }
        finally
        {
            Command.Run("umount", shared).Succeeded();
        }
    }

    [Fact]
    public void Data_goes_to_the_file_system()
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", "size=1m", "mode=1770", "nosuid");
        Assert.Equal("1770", Shell("stat -c %a /mnt").Succeeded());
        Assert.NotEqual(0, Shell("dd if=/dev/zero of=/mnt/f bs=1M count=2 2>/dev/null").Status);
    }

    [Fact]
    public void A_missing_target_is_made()
    {
        Config.AddMount("/deep/er/still", "tmpfs", "tmpfs");
        Find(ProbeJson("mounts"), "/deep/er/still");
    }

    [Fact]
    public void A_file_can_be_bound_and_its_target_is_made()
    {
        string file = Path.Combine(Shared(), "secret");
        File.WriteAllText(file, "text");
        Config.AddMount("/run/secrets/one", "bind", file, "bind", "ro");
        Assert.Equal("text", Shell("cat /run/secrets/one").Succeeded());
    }

    [Fact]
    public void The_source_of_a_bind_is_relative_to_the_bundle()
    {
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "beside"));
        File.WriteAllText(Path.Combine(Bundle.Path, "beside", "file"), "text");
        Config.AddMount("/mnt", "bind", "beside", "bind");
        Assert.Equal("text", Shell("cat /mnt/file").Succeeded());
    }

    [Fact]
    public void A_bind_without_a_type_is_a_bind()
    {
        Config.At("mounts").AsArray().Add(new JsonObject
        {
            ["destination"] = "/mnt",
            ["source"] = Shared(),
            ["options"] = new JsonArray("bind"),
        });
        Probe("cwd");
    }

    [Fact]
    public void Mounts_are_made_in_their_order()
    {
        Config.AddMount("/mnt", "tmpfs", "first");
        Config.AddMount("/mnt/below", "tmpfs", "second");
        Config.AddMount("/mnt/below", "tmpfs", "third");
        string[] sources = [.. ProbeJson("mounts").AsArray().Where(mount => mount!["point"]!.GetValue<string>().StartsWith("/mnt", StringComparison.Ordinal))
            .Select(mount => mount!["source"]!.GetValue<string>())];
        Assert.Equal(["first", "second", "third"], sources);
    }

    [Fact]
    public void What_is_read_only_cannot_be_written()
    {
        Config.AddMount("/mnt", "bind", Shared(), "bind", "ro");
        // EROFS
        Assert.Equal("30", Probe("try-open", "/mnt/file", "wc"));
    }

    [Fact]
    public void A_link_in_the_way_of_a_mount_stays_inside_the_root()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        File.CreateSymbolicLink(Bundle.InRoot("/link"), outside);
        Config.AddMount("/link/data", "tmpfs", "tmpfs");
        Find(ProbeJson("mounts"), outside + "/data");
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public void A_link_that_climbs_stays_inside_the_root()
    {
        Directory.CreateDirectory(Bundle.InRoot("/a/b"));
        File.CreateSymbolicLink(Bundle.InRoot("/a/b/up"), "../../../../../../../../../tmp");
        Config.AddMount("/a/b/up/x", "tmpfs", "tmpfs");
        Find(ProbeJson("mounts"), "/tmp/x");
        Assert.False(Directory.Exists("/tmp/x"));
    }

    [Fact]
    public void A_folder_on_a_file_is_refused()
    {
        File.WriteAllText(Bundle.InRoot("/etc/file"), "");
        Config.AddMount("/etc/file", "bind", Shared(), "bind");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("not a directory", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_file_on_a_folder_is_refused_in_the_same_words()
    {
        Config.AddMount("/etc", "bind", "/bin/busybox", "bind");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("not a directory", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_source_that_does_not_exist_is_named()
    {
        Config.AddMount("/mnt", "bind", "/nowhere/at/all", "bind");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("/nowhere/at/all", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("no such file or directory", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void An_unknown_file_system_is_refused()
    {
        Config.AddMount("/mnt", "nosuchfs", "x");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void Mounts_of_the_container_do_not_travel_to_the_host()
    {
        Config.AddMount("/mnt", "tmpfs", "of-the-container-" + Id);
        StartDetached();
        Assert.DoesNotContain("of-the-container-" + Id, File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Mounts_of_the_host_do_not_travel_to_the_container()
    {
        string shared = Shared();
        Command.Run("mount", "--bind", "--make-shared", shared, shared).Succeeded();
        Directory.CreateDirectory(Path.Combine(shared, "later"));
        Config.AddMount("/mnt", "bind", shared, "rbind", "rprivate");
        StartDetached();
        try
        {
            Command.Run("mount", "-t", "tmpfs", "later", Path.Combine(shared, "later")).Succeeded();
            Assert.DoesNotContain("/mnt/later", Runtime.Invoke("exec", Id, "/bin/cat", "/proc/self/mountinfo").Succeeded(), StringComparison.Ordinal);
        }
        finally
        {
            Command.Run("umount", "-R", shared);
            DeleteForced();
        }
    }

    /// <summary>A folder of the host, on a file system that forbids nothing.</summary>
    private string Shared() => Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;

    private static JsonNode Find(JsonNode mounts, string point)
    {
        JsonNode? mount = mounts.AsArray().LastOrDefault(mount => mount!["point"]!.GetValue<string>() == point);
        Assert.True(mount is not null, $"no mount on {point} in {mounts.ToJsonString()}");
        return mount;
    }
}
