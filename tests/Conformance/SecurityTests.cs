using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Attacks that have worked on a runtime once, tried for real. A test of a CVE bears its number.</summary>
public sealed class SecurityTests : ContainerTest
{
    /// <summary>A container that runs the runtime's own binary through /proc/self/exe can open it for writing when it ends.</summary>
    [Fact]
    public void CVE_2019_5736_the_runtimes_binary_cannot_be_overwritten_from_inside()
    {
        byte[] before = File.ReadAllBytes(Resolve(OciRuntime.Program));
        Config.Set("root.readonly", false);
        // The program of the container is its runtime, by way of a script; whoever is it can be caught by another process.
        File.WriteAllText(Bundle.InRoot("/bin/trap"), "#!/proc/self/exe\n");
        File.SetUnixFileMode(Bundle.InRoot("/bin/trap"), (UnixFileMode)Convert.ToInt32("755", 8));
        string attack = """
            for i in $(seq 300); do
              for pid in $(ls /proc | grep '^[0-9]'); do
                test $pid = 1 && continue
                (echo overwritten >/proc/$pid/exe) 2>/dev/null && echo got it
                test -e /proc/$pid/exe && readlink /proc/$pid/exe
              done
            done
            """;
        StartDetached("/bin/sh", "-c", attack + "; sleep 1000");
        for (int i = 0; i < 20; i++)
        {
            Runtime.Invoke("exec", Id, "/bin/trap");
            Runtime.Invoke("exec", Id, "/proc/self/exe", "--version");
        }

        DeleteForced();
        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(Resolve(OciRuntime.Program))), "the runtime's binary has changed");
    }

    [Fact]
    public void CVE_2019_5736_the_exe_link_of_the_first_process_is_of_no_use()
    {
        byte[] before = File.ReadAllBytes(Resolve(OciRuntime.Program));
        Config.Set("root.readonly", false);
        RunArgs("/proc/self/exe", "--version");
        Assert.True(before.AsSpan().SequenceEqual(File.ReadAllBytes(Resolve(OciRuntime.Program))));
    }

    /// <summary>A descriptor of the host that init still holds is a way out: cwd /proc/self/fd/N.</summary>
    [Fact]
    public void CVE_2024_21626_no_descriptor_leads_the_working_directory_out()
    {
        for (int fd = 3; fd < 40; fd++)
        {
            Config.Set("process.cwd", $"/proc/self/fd/{fd}");
            Outcome outcome = Shell("pwd -P; ls ..; cat ../../../../../../../../etc/shadow");
            Assert.DoesNotContain("root:", outcome.Output, StringComparison.Ordinal);
            Assert.True(outcome.Status != 0, $"/proc/self/fd/{fd}: {outcome}");
        }
    }

    [Fact]
    public void CVE_2024_21626_exec_has_no_such_descriptor_either()
    {
        StartDetached();
        for (int fd = 3; fd < 40; fd++)
        {
            Outcome outcome = Runtime.Invoke("exec", "--cwd", $"/proc/self/fd/{fd}", Id, "/bin/cat", "../../../../../../../../etc/shadow");
            Assert.NotEqual(0, outcome.Status);
            Assert.DoesNotContain("root:", outcome.Output, StringComparison.Ordinal);
        }

        DeleteForced();
    }

    [Fact]
    public void CVE_2024_21626_the_process_has_only_its_three_descriptors()
        => Assert.Equal(["0", "1", "2", "3"], Shell("ls /proc/self/fd").Succeeded().Split('\n')); // 3 is what ls lists with.

    [Fact]
    public void An_exec_has_only_its_three_descriptors()
    {
        StartDetached();
        Assert.Equal(["0", "1", "2", "3"], Runtime.Invoke("exec", Id, "/bin/ls", "/proc/self/fd").Succeeded().Split('\n'));
        DeleteForced();
    }

    /// <summary>Behind the caller's descriptors come the runtime's own, directories of the host among them.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void CVE_2024_21626_preserving_descriptors_that_the_caller_does_not_have_gives_none_of_the_runtimes(string verb)
    {
        string[] command = ["/bin/ls", "/proc/self/fd"];
        Config.SetWords("process.args", command);
        Bundle.Save();
        if (verb == "exec")
        {
            StartDetached();
        }

        Outcome outcome = verb == "exec"
            ? Runtime.Invoke(["exec", "--preserve-fds", "6", Id, .. command])
            : Runtime.Invoke("run", "--preserve-fds", "6", "--bundle", Bundle.Path, Id);
        Assert.NotEqual(0, outcome.Status);
        Assert.Empty(outcome.Output);
        if (verb == "exec")
        {
            DeleteForced();
        }
    }

    /// <summary>CAP_SYS_PTRACE looks into any process that it can see: one that joins must not be seen while the host's root is its own.</summary>
    [Fact]
    public void CVE_2016_9962_a_process_that_joins_is_not_seen_from_inside_while_it_has_the_hosts_root()
    {
        Config.Set("root.readonly", false);
        Config.WithCapabilities("CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE");
        string secret = Path.Combine(Scratch, "secret");
        File.WriteAllText(secret, "of the host");
        StartDetached("/bin/sh", "-c", $"while :; do for p in /proc/[0-9]*; do test -e $p/root{secret} && echo $p >>/tmp/found; done; done");
        for (int i = 0; i < 50; i++)
        {
            Runtime.Invoke("exec", Id, "/bin/true").Succeeded();
        }

        DeleteForced();
        Assert.False(File.Exists(Bundle.InRoot("/tmp/found")), "the root of the host was seen");
    }

    [Theory]
    [InlineData("/proc")]
    [InlineData("/sys")]
    public void CVE_2019_19921_and_2023_27561_a_link_in_place_of_a_mount_point_of_the_kernel_is_refused(string path)
    {
        Directory.Delete(Bundle.InRoot(path));
        Directory.CreateDirectory(Bundle.InRoot("/elsewhere"));
        File.CreateSymbolicLink(Bundle.InRoot(path), "elsewhere");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void CVE_2026_41579_a_link_in_place_of_dev_makes_nothing_outside()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        Directory.Delete(Bundle.InRoot("/dev"));
        File.CreateSymbolicLink(Bundle.InRoot("/dev"), outside);
        RunArgs("/bin/true");
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData("/mnt/link/made")]
    [InlineData("/mnt/link")]
    public void CVE_2021_30465_a_destination_through_a_link_makes_nothing_outside(string destination)
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), outside);
        Config.AddMount(destination, "tmpfs", "tmpfs");
        RunArgs("/bin/true");
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public void CVE_2024_45310_a_missing_file_to_bind_on_is_not_made_outside()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        File.CreateSymbolicLink(Bundle.InRoot("/etc/link"), Path.Combine(outside, "made"));
        Config.AddMount("/etc/link", "bind", "/etc/hostname", "bind");
        RunArgs("/bin/true");
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public void CVE_2021_30465_a_destination_that_is_swapped_while_it_is_mounted_makes_nothing_outside()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        Directory.CreateDirectory(Bundle.InRoot("/mnt/a"));
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/b"), outside);
        Config.AddMount("/mnt/a/one/two", "tmpfs", "tmpfs");
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        using Command attacker = new(["/bin/sh", "-c", $"cd {Bundle.InRoot("/mnt")}; while :; do mv a c; mv -T b a; mv -T a b; mv c a; done"]);
        for (int i = 0; i < 30; i++)
        {
            Run();
            Assert.Empty(Directory.GetFileSystemEntries(outside));
        }
    }

    [Fact]
    public void CVE_2025_31133_a_link_in_place_of_a_masked_path_masks_nothing_else()
    {
        File.WriteAllText(Bundle.InRoot("/etc/target"), "of the container");
        File.CreateSymbolicLink(Bundle.InRoot("/etc/masked"), "/dev/null");
        Config.Set("linux.maskedPaths", new JsonArray("/etc/masked"));
        Outcome outcome = Shell("stat -c '%F' /dev/null; cat /etc/target");
        Assert.True(outcome.Status != 0 || outcome.Output.Contains("of the container", StringComparison.Ordinal), outcome.ToString());
    }

    [Theory]
    [InlineData("/proc/sys/kernel/core_pattern")]
    [InlineData("/proc/sysrq-trigger")]
    [InlineData("/proc/kcore/x")]
    public void A_mount_over_the_kernels_own_files_is_refused(string destination)
    {
        Config.AddMount(destination, "tmpfs", "tmpfs");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void CVE_2022_0811_a_sysctl_is_one_name_and_one_value()
    {
        Config.Set("linux.sysctl", JsonNode.Parse("""{"kernel.shm_rmid_forced": "1+kernel.core_pattern=|/evil"}"""));
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
        Config.Set("linux.sysctl", JsonNode.Parse("""{"net.ipv4.../../kernel/core_pattern": "|/evil"}"""));
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
        Assert.DoesNotContain("evil", File.ReadAllText("/proc/sys/kernel/core_pattern"), StringComparison.Ordinal);
    }

    [Fact]
    public void CVE_2016_3697_a_number_is_never_looked_up_as_a_name()
    {
        File.WriteAllText(Bundle.InRoot("/etc/passwd"), "1000:x:0:0:root:/:/bin/sh\n");
        StartDetached();
        JsonNode ids = JsonNode.Parse(Runtime.Invoke("exec", "--user", "1000", Id, "/bin/probe", "ids").Succeeded())!;
        Assert.Equal(1000, ids["uid"]![0]!.GetValue<int>());
        DeleteForced();
    }

    [Theory]
    [InlineData("0x1")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    [InlineData("root")]
    [InlineData("1:2:3")]
    public void CVE_2026_30892_a_user_that_is_no_number_is_not_root(string user)
    {
        StartDetached();
        Outcome outcome = Runtime.Invoke("exec", "--user", user, Id, "/bin/true");
        Assert.NotEqual(0, outcome.Status);
        DeleteForced();
    }

    [Fact]
    public void CVE_2022_29162_nothing_is_inheritable_by_default()
    {
        JsonNode sets = ProbeJson("caps");
        Assert.Empty(sets["inheritable"].Strings());
        Assert.Empty(sets["ambient"].Strings());
    }

    [Fact]
    public void CVE_2016_9962_init_of_the_container_cannot_look_into_who_joins()
    {
        Config.WithManyCapabilities();
        // It can open only what it shares with the container; a descriptor of the host would show another path.
        StartDetached("/bin/sh", "-c", "while :; do for p in /proc/[0-9]*; do ls -l $p/fd 2>/dev/null | grep -E 'ception|runc|crun|/state|/run/' >>/tmp/seen; done; done");
        for (int i = 0; i < 20; i++)
        {
            Runtime.Invoke("exec", Id, "/bin/true").Succeeded();
        }

        string seen = Runtime.Invoke("exec", Id, "/bin/sh", "-c", "cat /tmp/seen 2>/dev/null || true").Succeeded();
        Assert.DoesNotContain("state.json", seen, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void The_state_directory_is_closed_to_others()
    {
        StartDetached();
        Assert.Equal("700", Command.Run("stat", "-c", "%a", Runtime.StateDirectory).Succeeded());
        DeleteForced();
    }

    private static string Resolve(string program) => program.Contains('/', StringComparison.Ordinal)
        ? program
        : Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Select(folder => Path.Combine(folder, program)).First(File.Exists);
}
