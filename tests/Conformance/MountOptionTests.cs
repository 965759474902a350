using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Every option of a mount, as /proc/self/mountinfo shows it from inside.</summary>
public sealed class MountOptionTests : ContainerTest
{
    // What is there after the options, "!" before what is not. The mount below is for those that reach it.
    [Theory]
    [InlineData("ro", "ro", "rw")]
    [InlineData("rro", "ro", "ro")]
    [InlineData("ro rrw", "rw", "rw")]
    [InlineData("nosuid", "nosuid", "!nosuid")]
    [InlineData("rnosuid", "nosuid", "nosuid")]
    [InlineData("nosuid rsuid", "!nosuid", "!nosuid")]
    [InlineData("nodev", "nodev", "!nodev")]
    [InlineData("rnodev", "nodev", "nodev")]
    [InlineData("nodev rdev", "!nodev", "!nodev")]
    [InlineData("noexec", "noexec", "!noexec")]
    [InlineData("rnoexec", "noexec", "noexec")]
    [InlineData("noexec rexec", "!noexec", "!noexec")]
    [InlineData("noatime", "noatime", "relatime")]
    [InlineData("rnoatime", "noatime", "noatime")]
    [InlineData("noatime ratime", "relatime", "relatime")]
    [InlineData("noatime rrelatime", "relatime", "relatime")]
    [InlineData("norelatime", "relatime", "relatime")]
    [InlineData("rnorelatime", "relatime", "relatime")]
    [InlineData("strictatime", "!relatime !noatime", "relatime")]
    [InlineData("rstrictatime", "!relatime !noatime", "!relatime !noatime")]
    [InlineData("strictatime nostrictatime", "relatime", "relatime")]
    [InlineData("strictatime rnostrictatime", "relatime", "relatime")]
    [InlineData("nodiratime", "nodiratime", "!nodiratime")]
    [InlineData("rnodiratime", "nodiratime", "nodiratime")]
    [InlineData("nodiratime rdiratime", "!nodiratime", "!nodiratime")]
    [InlineData("nosymfollow", "nosymfollow", "!nosymfollow")]
    [InlineData("rnosymfollow", "nosymfollow", "nosymfollow")]
    [InlineData("nosymfollow rsymfollow", "!nosymfollow", "!nosymfollow")]
    [InlineData("ro nosuid nodev noexec noatime", "ro nosuid nodev noexec noatime", "rw")]
    [InlineData("async nomand noiversion nolazytime silent loud defaults", "rw", "rw")]
    public void An_option_of_a_bind(string options, string shown, string shownBelow)
    {
        string tree = Shared();
        string below = Directory.CreateDirectory(Path.Combine(tree, "below")).FullName;
        Command.Run("mount", "-t", "tmpfs", "below", below).Succeeded();
        try
        {
            Config.AddMount("/mnt", "bind", tree, ["rbind", .. options.Split(' ')]);
            JsonNode mounts = ProbeJson("mounts");
            AssertShown(shown, Find(mounts, "/mnt"), "options");
            AssertShown(shownBelow, Find(mounts, "/mnt/below"), "options");
        }
        finally
        {
            Command.Run("umount", below).Succeeded();
        }
    }

    [Theory]
    [InlineData("ro", "options", "ro")]
    [InlineData("ro nosuid nodev noexec nosymfollow", "options", "ro nosuid nodev noexec nosymfollow")]
    [InlineData("noatime nodiratime", "options", "noatime nodiratime")]
    [InlineData("strictatime", "options", "!relatime !noatime")]
    [InlineData("sync", "super", "sync")]
    [InlineData("dirsync", "super", "dirsync")]
    [InlineData("lazytime", "super", "lazytime")]
    [InlineData("size=64k mode=750 nr_inodes=17 uid=3 gid=4", "super", "size=64k mode=750 nr_inodes=17 uid=3 gid=4")]
    [InlineData("shared", "propagation", "shared:")]
    [InlineData("private", "propagation", "!shared: !master:")]
    [InlineData("unbindable", "propagation", "unbindable")]
    [InlineData("shared slave", "propagation", "!shared: !master:")]
    [InlineData("private shared", "propagation", "shared:")]
    public void An_option_of_a_tmpfs(string options, string where, string shown)
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", options.Split(' '));
        AssertShown(shown, Find(ProbeJson("mounts"), "/mnt"), where);
    }

    [Theory]
    [InlineData("rro rnosuid", "ro nosuid")]
    [InlineData("ro rrw", "rw")]
    [InlineData("rro tmpcopyup", "ro")]
    [InlineData("noatime rstrictatime", "!noatime !relatime")]
    [InlineData("noatime relatime", "relatime !noatime")]
    [InlineData("async rasync nomand rnomand noiversion nolazytime silent loud defaults", "rw")]
    public void An_option_that_runtimes_disagree_on(string options, string shown)
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", options.Split(' '));
        AssertShown(shown, Find(ProbeJson("mounts"), "/mnt"), "options");
    }

    [Theory]
    [InlineData("private", "!shared: !master:")]
    [InlineData("slave", "master: !shared:")]
    [InlineData("rslave", "master: !shared:")]
    [InlineData("slave shared", "master: shared:")]
    [InlineData("rslave rshared", "master: shared:")]
    [InlineData("shared", "shared: master:")]
    [InlineData("rshared", "shared: master:")]
    [InlineData("unbindable", "unbindable")]
    [InlineData("runbindable", "unbindable")]
    public void Propagation_of_a_bind_of_a_shared_mount(string options, string shown)
    {
        using SharedMount shared = new(Shared());
        Config.AddMount("/mnt", "bind", shared.Path, ["rbind", .. options.Split(' ')]);
        AssertShown(shown, Find(ProbeJson("mounts"), "/mnt"), "propagation");
    }

    [Theory]
    [InlineData("rshared", "rshared", true)]
    [InlineData("rshared", "rslave", false)]
    [InlineData("rshared", null, false)]
    [InlineData(null, "rshared", true)]
    [InlineData(null, "shared", true)]
    [InlineData("rslave", "rshared", false)]
    [InlineData("rprivate", "rshared", false)]
    [InlineData(null, "rslave", false)]
    [InlineData(null, null, false)]
    public void Only_what_is_shared_shows_on_the_host(string? option, string? rootfsPropagation, bool shows)
    {
        using SharedMount shared = new(Shared());
        Config.AddMount("/mnt", "bind", shared.Path, option is null ? ["rbind"] : ["rbind", option]);
        Config.Set("linux.rootfsPropagation", rootfsPropagation);
        Assert.Equal(shows, ShowsOnTheHost());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("rshared")]
    public void Nothing_of_a_user_namespace_shows_on_the_host(string? option)
    {
        using SharedMount shared = new(Shared());
        Config.WithUserNamespace();
        Config.AddMount("/mnt", "bind", shared.Path, option is null ? ["rbind"] : ["rbind", option]);
        Config.Set("linux.rootfsPropagation", option);
        Assert.False(ShowsOnTheHost());
    }

    [Theory]
    [InlineData("shared", "shared:")]
    [InlineData("rshared", "shared:")]
    [InlineData("slave", "!shared:")]
    [InlineData("rslave", "!shared:")]
    [InlineData("private", "!shared: !master:")]
    [InlineData("rprivate", "!shared: !master:")]
    [InlineData("unbindable", "unbindable")]
    [InlineData("runbindable", "unbindable")]
    public void Propagation_of_the_root_is_set(string propagation, string shown)
    {
        Config.Set("linux.rootfsPropagation", propagation);
        JsonNode mounts = ProbeJson("mounts");
        AssertShown(shown, Find(mounts, "/"), "propagation");
        bool recursive = propagation[0] == 'r';
        AssertShown(recursive ? shown : "!unbindable", Find(mounts, "/dev/shm"), "propagation");
    }

    [Fact]
    public void A_remount_changes_the_mount_and_the_file_system()
    {
        Config.AddMount("/mnt", "tmpfs", "tmpfs", "size=64k", "noexec");
        Config.AddMount("/mnt", "tmpfs", "tmpfs", "remount", "ro", "exec", "size=128k");
        JsonNode mount = Find(ProbeJson("mounts"), "/mnt");
        AssertShown("ro !noexec", mount, "options");
        AssertShown("size=128k", mount, "super");
    }

    [Fact]
    public void A_remount_of_a_file_and_of_nothing()
    {
        string file = Path.Combine(Shared(), "file");
        File.WriteAllText(file, "text");
        Config.AddMount("/etc/one", "bind", file, "bind");
        Config.AddMount("/etc/one", "bind", file, "bind", "remount", "ro");
        AssertShown("ro", Find(ProbeJson("mounts"), "/etc/one"), "options");
        Config.AddMount("/etc/two", "bind", file, "bind", "remount", "ro");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
        Assert.False(Path.Exists(Bundle.InRoot("/etc/two")));
    }

    [Theory]
    [InlineData("noexec nosuid", "ro nodev noexec nosuid noatime")]
    [InlineData("", "ro nodev noatime")]
    public void In_a_user_namespace_what_the_host_forbids_stays_forbidden(string options, string shown)
    {
        string tree = Shared();
        Command.Run("mount", "-t", "tmpfs", "-o", "ro,nodev,noatime", "tree", tree).Succeeded();
        try
        {
            Config.WithUserNamespace();
            Config.AddMount("/mnt", "bind", tree, ["rbind", .. options.Split(' ')]);
            AssertShown(shown, Find(ProbeJson("mounts"), "/mnt"), "options");
        }
        finally
        {
            Command.Run("umount", tree).Succeeded();
        }
    }

    [Fact]
    public void An_overlay_has_its_directories_from_the_host()
    {
        string tree = Overlay(out string layers);
        Config.AddMount("/mnt", "overlay", "overlay", layers, $"upperdir={tree}/up", $"workdir={tree}/work");
        Assert.Equal("of 0\nof 40", Shell("cat /mnt/layer0 /mnt/layer40; echo new >/mnt/new").Succeeded());
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(tree, "up/new")));
    }

    [Theory]
    [InlineData("locked", "read-only")]
    [InlineData("private", "written")]
    public void What_the_caller_mounted_read_only_stays_so_where_it_is_locked(string option, string says)
    {
        string tree = Shared();
        File.SetUnixFileMode(tree, (UnixFileMode)0b111_111_111);
        Config.WithUserNamespace();
        Config.WithManyCapabilities();
        Config.AddMount("/mnt", "bind", tree, "bind", option);
        Command.Run("mount", "--bind", "-o", "ro", tree, tree).Succeeded();
        try
        {
            Assert.Equal(says, Shell("mount -o remount,rw,bind /mnt 2>/dev/null && touch /mnt/new && echo written || echo read-only").Succeeded());
        }
        finally
        {
            Command.Run("umount", tree).Succeeded();
        }
    }

    [Theory]
    [InlineData("tmpfs", "nosuchoption", "EINVAL")]
    [InlineData("tmpfs", "rsync", "rsync")]
    [InlineData("tmpfs", "rdirsync", "rdirsync")]
    [InlineData("tmpfs", "src-nofollow", "src-nofollow")]
    [InlineData("tmpfs", "copy-symlink", "copy-symlink")]
    [InlineData("tmpfs", "locked", "\"locked\" is for bind mounts")]
    [InlineData("bind", "sync", "belongs to the file system")]
    [InlineData("bind", "size=3", "unknown option")]
    [InlineData("bind", "tmpcopyup", "tmpcopyup")]
    [InlineData("mqueue", "tmpcopyup", "tmpcopyup")]
    public void What_cannot_be_done_is_refused_with_its_reason(string type, string option, string words)
    {
        Config.AddMount("/mnt", type, Shared(), option);
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words, outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_without_SELinux_is_refused()
    {
        Needs.Met(!File.Exists("/sys/fs/selinux/enforce"), "a machine without SELinux");
        Config.Set("linux.mountLabel", "system_u:object_r:container_file_t:s0");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("linux.mountLabel: SELinux is not enabled", outcome.Message, StringComparison.Ordinal);
    }

    private bool ShowsOnTheHost()
    {
        string name = "travels-" + Id;
        Config.WithManyCapabilities();
        int pid = StartDetached("/bin/sh", "-c", $"mount -t tmpfs {name} /mnt/sub; exec sleep 1000")["pid"]!.GetValue<int>();
        WaitFor(() => File.ReadAllText($"/proc/{pid}/mountinfo").Contains(name, StringComparison.Ordinal), "the container's mount");
        bool shows = File.ReadAllText("/proc/self/mountinfo").Contains(name, StringComparison.Ordinal);
        DeleteForced();
        return shows;
    }

    /// <summary>A directory with 41 layers, which together are more than one option holds.</summary>
    private string Overlay(out string layers)
    {
        string tree = Shared();
        List<string> all = [];
        for (int i = 0; i <= 40; i++)
        {
            string layer = Directory.CreateDirectory($"{tree}/{i}").FullName;
            File.WriteAllText($"{layer}/layer{i}", $"of {i}\n");
            all.Add(layer);
        }

        Directory.CreateDirectory($"{tree}/up");
        Directory.CreateDirectory($"{tree}/work");
        layers = "lowerdir=" + string.Join(':', all);
        return tree;
    }

    private string Shared()
    {
        string shared = Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;
        Posix.Chown(shared, 0, 0);
        File.SetUnixFileMode(shared, (UnixFileMode)0x1FF);
        return shared;
    }

    private static void AssertShown(string wanted, JsonNode mount, string where)
    {
        string[] shown = mount[where].Strings();
        foreach (string word in wanted.Split(' '))
        {
            bool absent = word[0] == '!';
            string name = word.TrimStart('!');
            bool there = shown.Any(one => name.EndsWith(':') ? one.StartsWith(name, StringComparison.Ordinal) : one == name);
            Assert.True(there != absent, $"{word} of {wanted} in {mount.ToJsonString()}");
        }
    }

    private static JsonNode Find(JsonNode mounts, string point)
    {
        JsonNode? mount = mounts.AsArray().LastOrDefault(mount => mount!["point"]!.GetValue<string>() == point);
        Assert.True(mount is not null, $"no mount on {point} in {mounts.ToJsonString()}");
        return mount;
    }

    /// <summary>A directory of the host that is a mount, and shared.</summary>
    private sealed class SharedMount : IDisposable
    {
        public SharedMount(string path)
        {
            Path = path;
            Directory.CreateDirectory(System.IO.Path.Combine(path, "sub"));
            Command.Run("mount", "--bind", "--make-shared", path, path).Succeeded();
        }

        public string Path { get; }

        public void Dispose() => Command.Run("umount", "-R", "-l", Path);
    }
}
