namespace Containerception.Clients.Tests;

/// <summary>
/// What root of a container that nests, and of those below it, sees of the machine and of the levels above: no more than root of a container of docker's, which
/// runs beside it. What is beyond that stands here, each with its reason.
/// </summary>
public sealed class NestedViewTests(Docker docker, NestedView view) : DockerTest(docker), IClassFixture<NestedView>
{
    /// <summary>
    /// Docker covers these, and so does cdock; but root of a user namespace takes covers off that lie in it. Covers that he cannot take off would keep the next level
    /// from a proc and a sysfs of its own (mount_too_revealing of the kernel). They are what the kernel shows to every user of the machine.
    /// </summary>
    private static readonly string[] ToEverybody =
    [
        "/proc/interrupts", // counters of the machine's
        "/proc/keys",       // names of keys of its own ids: No_key_of_another_level_can_be_changed
        "/sys/firmware/",   // how much memory the machine has, and where
    ];

    /// <summary>Parameters of its own namespaces: What_it_may_write_is_its_own.</summary>
    private static readonly string[] OfItsOwn =
    [
        "/proc/N/setgroups", "/proc/N/task/N/setgroups", // its user namespace
        "/proc/sys/net/", "/sys/devices/virtual/net/",  // its network namespace
        "/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/pid_max", // its pid namespace
        "/proc/sys/fs/mqueue/", "/proc/sys/kernel/auto_msgmni", "/proc/sys/kernel/msg", "/proc/sys/kernel/sem", "/proc/sys/kernel/shm", // its IPC namespace
        "/sys/fs/cgroup/", // its group, which is below the one with its limits
    ];

    [Fact]
    public void As_it_starts_it_reads_nothing_that_docker_does_not_show()
    {
        Assert.NotEmpty(view.CoveredFiles);
        Assert.NotEmpty(view.BelowFiles);
        Assert.Equal([], Beyond(view.CoveredFiles, "r", []));
        Assert.Equal([], Beyond(view.BelowFiles, "r", []));
        Assert.Equal([], Beyond(view.BelowFiles, "w", []));
    }

    [Fact]
    public void Its_root_can_read_little_more_whatever_he_does()
    {
        Assert.Contains("/proc/keys", Beyond(view.BareFiles, "r", []));
        Assert.Equal([], Beyond(view.BareFiles, "r", ToEverybody));
        Assert.Equal([], Beyond(view.BareBelowFiles, "r", ToEverybody));
    }

    [Fact]
    public void Its_root_can_write_to_nothing_more_but_parameters_of_its_own_namespaces()
    {
        Assert.Contains("/proc/sys/kernel/msgmni", Beyond(view.BareFiles, "w", []));
        Assert.Equal([], Beyond(view.CoveredFiles, "w", OfItsOwn));
        Assert.Equal([], Beyond(view.BareFiles, "w", OfItsOwn));
        Assert.Equal([], Beyond(view.BareBelowFiles, "w", OfItsOwn));
    }

    /// <summary>Every number in /proc/sys that opens for writing is changed, at the second level; the first and the machine keep theirs.</summary>
    [Fact]
    public void What_it_may_write_is_its_own()
    {
        const string numbers = "grep -rsE '^[0-9]{1,9}$' /proc/sys";
        const string change = numbers + " | while IFS=: read -r f n; do [ -w $f ] && echo $((n > 0 ? n - 1 : 1)) >$f; done 2>/dev/null";
        Dictionary<string, string> before = Numbers(Docker.Session.Shell(numbers).Output);

        string[] said = view.Level1($"""
            cdock import /box.tar box >/dev/null
            {numbers}
            echo --
            cdock run --rm --network none --nest box sh -c "{numbers}; echo --; $change; {numbers}"
            echo --
            {numbers} || true
            """, "-e", $"change={change}").Split("--\n");
        Dictionary<string, string> after = Numbers(Docker.Session.Shell(numbers).Output);
        string[] changed = [.. Numbers(said[2]).Except(Numbers(said[1])).Select(number => number.Key).Where(path => path != "/proc/sys/kernel/ns_last_pid")];

        Assert.All((string[])["/proc/sys/kernel/msgmni", "/proc/sys/kernel/pid_max", "/proc/sys/net/ipv4/ip_forward"], path => Assert.Contains(path, changed));
        Assert.All(changed, path => Assert.Equal(Numbers(said[0]).GetValueOrDefault(path), Numbers(said[3]).GetValueOrDefault(path)));
        Assert.All(changed, path => Assert.Equal(before.GetValueOrDefault(path), after.GetValueOrDefault(path)));
    }

    /// <summary>The second level has the ids of the first, and so sees its session keyring by name.</summary>
    [Fact]
    public void No_key_of_another_level_can_be_changed()
    {
        const string change = """
            grep -c . /tmp/proc/keys
            while read -r serial rest; do probe try-syscall keyctl 5 $((0x$serial)) 0; probe try-syscall keyctl 6 $((0x$serial)) 0 0; done </tmp/proc/keys
            probe try-syscall keyctl 1 0; probe try-syscall add_key 0 0 0 0 -3
            """;

        // ENOSYS of keyctl(2), by which runtimes see that there are no keys, and EPERM.
        Assert.Equal("1\n38\n38\n38\n1", view.Level1(". /bare\n" + change));
        Assert.Equal("1\n38\n38\n38\n1", view.BareBelow(change));
        Assert.All(view.Level1("cat /proc/key-users").Split('\n'), line => Assert.StartsWith("    0: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_groups_it_sees_its_own_as_the_root()
    {
        Assert.Contains("/docker/", view.Dockers("cat /proc/self/cgroup"), StringComparison.Ordinal);
        Assert.All([view.Level1("cat /proc/self/cgroup"), view.Below("", "cat /proc/self/cgroup"), view.BareBelow("cat /proc/self/cgroup")],
            groups => Assert.All(groups.Split('\n'), line => Assert.EndsWith(":/", line, StringComparison.Ordinal)));
        string anew = "mkdir /tmp/group; mount -t cgroup -o memory memory /tmp/group && ls -d /tmp/group/*/ /tmp/group/release_agent 2>/dev/null; echo mounted";
        Assert.Equal("mounted", view.Level1(anew));
        Assert.Equal("mounted", view.BareBelow(anew));
    }

    [Fact]
    public void Its_mounts_tell_of_no_other_place_than_its_engines()
    {
        string[] kinds = [.. Mounts(view.Dockers("cat /proc/self/mountinfo")).Select(mount => mount.Kind)];
        foreach ((string root, string kind, string source) in (IEnumerable<(string, string, string)>)
            [.. Mounts(view.Level1("cat /proc/self/mountinfo")), .. Mounts(view.Below("", "cat /proc/self/mountinfo")), .. Mounts(view.Below("--nest", "cat /proc/self/mountinfo"))])
        {
            // devtmpfs is bound where docker makes the nodes anew.
            Assert.Contains(kind, kinds.Append("devtmpfs"));
            Assert.Matches("^(/|/bus|/fs|/irq|/sys|/(null|zero|full|random|urandom|tty)|/bare|/usr/local/bin/(cdock|ception)|/lib/cdock/.*)$", root);
            Assert.DoesNotMatch("^/(?!var/lib/cdock)", source);
        }
    }

    [Fact]
    public void Its_devices_are_dockers_and_it_makes_none()
    {
        const string list = "find /dev ! -path '/dev/pts/*' ! -path '/dev/.nest*' | sort; cat /proc/devices";
        const string make = "for node in 'c 1 3' 'c 1 1' 'b 254 0' 'c 10 229'; do mknod /tmp/node $node 2>/dev/null && echo made $node; done; true";

        Assert.Contains("made c 1 3", view.Dockers(make), StringComparison.Ordinal);
        Assert.All([view.Level1(make), view.Below("", make), view.BareBelow(make)], Assert.Empty);
        string[] dockers = view.Dockers(list).Split('\n');
        Assert.All([view.Level1(list), view.Below("", list), view.Below("--nest", list)], devices => Assert.Empty(devices.Split('\n').Except(dockers)));
    }

    /// <summary>What opens for <paramref name="letter"/> there, and neither in docker's container nor below what is excepted.</summary>
    private string[] Beyond(HashSet<string> files, string letter, string[] excepted) =>
    [
        .. files.Except(view.DockersFiles).Select(line => line.Split(' ', 2)).Where(words => words[0] == letter).Select(words => words[1])
            .Where(path => !Array.Exists(excepted, beginning => path.StartsWith(beginning, StringComparison.Ordinal))).Order(StringComparer.Ordinal),
    ];

    private static Dictionary<string, string> Numbers(string said)
        => said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':')).ToDictionary(words => words[0], words => words[1]);

    private static IEnumerable<(string Root, string Kind, string Source)> Mounts(string said)
        => said.Split('\n').Select(line => line.Split(' ')).Select(words => (words[3], words[^3], words[^2]));
}
