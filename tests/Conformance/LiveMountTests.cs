using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary><c>mounts add</c> and <c>mounts remove</c>: of a container that is there.</summary>
public sealed class LiveMountTests : ContainerTest
{
    public LiveMountTests()
    {
        Needs.Met(OciRuntime.Name != "runc", "a runtime that has the verb mounts");
        Config.WithManyCapabilities();
        Config.Set("root.readonly", false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mounts_come_and_go(bool userNamespace)
    {
        string source = Source();
        Start(userNamespace);
        JsonObject[] mounts = [Mount("/mnt", "bind", source, "bind", "ro", "nosuid"), Mount("/mnt/file", "bind", Path.Combine(source, "file"), "bind"), Mount("/new/place", "tmpfs", "live", "size=64k", "noexec")];
        Change("add", mounts).Succeeded();
        Assert.Equal("text", Inside("cat /mnt/file"));
        string shown = Inside("cat /proc/self/mountinfo");
        Assert.Contains(" /mnt ro,nosuid", shown, StringComparison.Ordinal);
        Assert.Contains(" /new/place rw,noexec", shown, StringComparison.Ordinal);
        Assert.Equal("ok", Inside("touch /new/place/mine && echo ok"));
        Assert.DoesNotContain("live rw,size=64k", File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
        Change("remove", mounts).Succeeded();
        shown = Inside("cat /proc/self/mountinfo");
        Assert.DoesNotContain(" /mnt ", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(" /mnt/file ", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(" /new/place ", shown, StringComparison.Ordinal);
        DeleteForced();
    }

    [Theory]
    [InlineData("/nowhere/at/all", "/mnt/two", "no such file or directory")]
    [InlineData("file", "/etc", "not a directory|invalid argument")]
    [InlineData("", "/bin/busybox", "not a directory")]
    public void After_a_failure_nothing_is_there(string source, string target, string words)
    {
        string directory = Source();
        Start(userNamespace: true);
        string before = Inside("cat /proc/self/mountinfo");
        Outcome outcome = Change(
            "add", Mount("/mnt", "tmpfs", "one"), Mount("/mnt", "bind", directory, "bind"), Mount(target, "bind", Path.Combine(directory, source), "bind"), Mount("/tmp", "tmpfs", "three"));
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words.Split('|'), word => outcome.Message.Contains(word, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(before, Inside("cat /proc/self/mountinfo"));
        DeleteForced();
    }

    [Fact]
    public void Links_of_the_container_stay_inside_while_it_swaps_them()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        string source = Source();
        Start(userNamespace: false, $"while :; do mkdir -p /swap; rmdir /swap; ln -s {outside} /swap; rm -f /swap; done");
        for (int i = 0; i < 40; i++)
        {
            // It may find nothing, or a link that leads nowhere; it never finds the host's.
            Change("add", Mount("/swap/in", "bind", source, "bind"));
        }

        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.DoesNotContain("/swap", File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Nothing_that_is_mounted_below_shows_on_the_host()
    {
        string source = Source();
        Command.Run("mount", "--bind", "--make-shared", source, source).Succeeded();
        try
        {
            Start(userNamespace: true);
            Change("add", Mount("/mnt", "bind", source, "rbind", "rw")).Succeeded();
            Assert.Equal("ok", Inside($"mount -t tmpfs below-{Id} /mnt/sub && echo ok"));
            Assert.DoesNotContain("below-" + Id, File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
        }
        finally
        {
            Command.Run("umount", "-R", "-l", source);
            DeleteForced();
        }
    }

    [Theory]
    [InlineData("idmap", "1000 2000")]
    [InlineData("idmap=uids=1000-100005-1;gids=@2000-6-1", "5 6")]
    public void Owners_can_be_mapped(string option, string owner)
    {
        string source = Source();
        Posix.Chown(Path.Combine(source, "file"), 1000, 2000);
        Start(userNamespace: true);
        Change("add", Mount("/mnt", "bind", source, "bind", option)).Succeeded();
        Assert.Equal(owner, Inside("stat -c '%u %g' /mnt/file"));
        DeleteForced();
    }

    [Fact]
    public void An_overlay_is_made_of_the_hosts_directories()
    {
        string source = Source();
        Start(userNamespace: false);
        Change("add", Mount("/mnt", "overlay", "overlay", $"lowerdir={source}:{Bundle.Path}", "ro")).Succeeded();
        Assert.Equal("text/mnt/config.json", Inside("cat /mnt/file; ls /mnt/config.json; touch /mnt/new 2>/dev/null && echo written"));
        DeleteForced();
    }

    [Fact]
    public void A_container_that_is_paused_has_them_when_it_goes_on()
    {
        string source = Source();
        Start(userNamespace: false);
        Runtime.Invoke("pause", Id).Succeeded();
        Outcome outcome = Change("add", Mount("/mnt", "bind", source, "bind"));
        Runtime.Invoke("resume", Id).Succeeded();
        outcome.Succeeded();
        Assert.Equal("text", Inside("cat /mnt/file"));
        DeleteForced();
    }

    [Theory]
    [InlineData("--no-pivot")]
    [InlineData("--no-new-keyring")]
    public void A_container_that_waits_for_start_has_them_when_it_starts(string flag)
    {
        string source = Source();
        Config.Set("process.args", new JsonArray("/bin/cat", "/mnt/file"));
        Assert.Equal(0, Create(flag).Status);
        Change("add", Mount("/mnt", "bind", source, "bind")).Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitForStatus("stopped");
        Assert.Equal("text", CreatedOutput());
        Outcome late = Change("add", Mount("/mnt", "bind", source, "bind"));
        Assert.Contains("container not running", late.Message, StringComparison.Ordinal);
        DeleteForced();
    }

    [Theory]
    [InlineData("add", "/", "tmpfs", "", "a mount on /")]
    [InlineData("add", "/proc/self", "tmpfs", "", "inside /proc")]
    [InlineData("add", "/proc", "tmpfs", "", "only type proc")]
    [InlineData("add", "/proc/.", "overlay", "lowerdir=/usr:/etc", "only type proc")]
    [InlineData("add", "/mnt", "proc", "", "proc")]
    [InlineData("add", "/mnt", "cgroup", "", "control groups")]
    [InlineData("add", "/mnt", "tmpfs", "remount", "remount")]
    [InlineData("add", "/mnt", "tmpfs", "tmpcopyup", "tmpcopyup")]
    [InlineData("add", "/mnt", "tmpfs", "nosuchoption", "EINVAL")]
    [InlineData("add", "/mnt", "nosuchfs", "", "nosuchfs")]
    [InlineData("remove", "/mnt", "tmpfs", "", "no mount on /mnt")]
    [InlineData("remove", "/nowhere", "tmpfs", "", "no mount on /nowhere")]
    [InlineData("change", "/mnt", "tmpfs", "", "add or remove")]
    public void What_makes_no_sense_is_refused(string verb, string target, string type, string option, string words)
    {
        Start(userNamespace: false);
        string before = Inside("cat /proc/self/mountinfo");
        Outcome outcome = Change(verb, Mount(target, type, "x", option));
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words.Split('|'), word => outcome.Message.Contains(word, StringComparison.Ordinal));
        Assert.Equal(before, Inside("cat /proc/self/mountinfo"));
        DeleteForced();
    }

    [Theory]
    [InlineData("{}", "mounts: is required")]
    [InlineData("{\"mounts\": []}", "mounts: is required")]
    [InlineData("[]", "mounts: is required")]
    [InlineData(" \n[3]", "mounts[0]: must be an object")]
    [InlineData("[", "not JSON")]
    [InlineData("3", "must be an object")]
    [InlineData("{\"mounts\": [{}]}", "mounts[0].destination: is required")]
    [InlineData("nonsense", "not JSON")]
    public void A_file_that_lists_no_mounts_is_refused(string text, string words)
    {
        string file = Path.Combine(Scratch, "mounts.json");
        File.WriteAllText(file, text);
        Outcome outcome = Runtime.Invoke("mounts", "add", Id, file);
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words, outcome.Message, StringComparison.Ordinal);
    }

    /// <summary>What the child undoes when it could not even join is still the caller's.</summary>
    [Fact]
    public void A_failure_to_join_leaves_the_callers_own_mounts_alone()
    {
        Needs.Program("strace");
        Start(userNamespace: false);
        string file = Path.Combine(Scratch, "mounts.json");
        File.WriteAllText(file, new JsonArray(Mount("/mnt", "tmpfs", "live")).ToJsonString());
        string script = """
            mount --bind /dev/null /dev/null || exit 9
            grep -c ' /dev/null ' /proc/self/mountinfo
            strace -f -o /dev/null -e inject=setns:error=EPERM "$@" 2>&1 && exit 8
            grep -c ' /dev/null ' /proc/self/mountinfo
            """;
        using Command change = Runtime.StartThrough(["unshare", "--mount", "/bin/sh", "-c", script, "sh"], "mounts", "add", Id, file);
        string[] lines = change.Wait().Succeeded().Split('\n');
        Assert.Contains(lines, line => line.Contains("EPERM", StringComparison.Ordinal));
        Assert.Equal(lines[0], lines[^1]);
        DeleteForced();
    }

    private void Start(bool userNamespace, string script = "exec sleep 1000")
    {
        if (userNamespace)
        {
            Config.WithUserNamespace();
            Command.Run("chown", "-R", "100000:100000", Bundle.RootFs).Succeeded();
        }

        StartDetached("/bin/sh", "-c", script);
    }

    private string Inside(string script) => Runtime.Invoke("exec", Id, "/bin/sh", "-c", script).Output.TrimEnd('\n');

    private Outcome Change(string verb, params JsonObject[] mounts)
    {
        string file = Path.Combine(Scratch, "mounts.json");
        JsonArray array = [.. mounts.Select(mount => mount.DeepClone())];

        // Either will do.
        File.WriteAllText(file, verb == "add" ? array.ToJsonString() : new JsonObject { ["mounts"] = array }.ToJsonString());
        return Runtime.Invoke("mounts", verb, Id, file);
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = source,
        ["options"] = options.ToJson(),
    };

    private string Source()
    {
        string source = Directory.CreateDirectory(Path.Combine(Scratch, "source")).FullName;
        Directory.CreateDirectory(Path.Combine(source, "sub"));
        File.WriteAllText(Path.Combine(source, "file"), "text");
        return source;
    }
}
