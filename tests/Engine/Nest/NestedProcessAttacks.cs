namespace Containerception.Engine.Tests;

/// <summary>
/// A hostile process at level 2, root of a container that nests below level 1 and has the same ids, against level 1 and the machine: what reference lists of attacks on
/// runtimes tell of processes, and of what an engine is asked to do with them.
/// </summary>
public abstract class NestedProcessAttacks(NestLevel level)
{
    [Theory]
    [MemberData(nameof(MachineAttempts.All), MemberType = typeof(MachineAttempts))]
    public void Of_the_machine_level_2_gets_nothing(string what, string script) => GetsNothing(what, script);

    [Theory]
    [InlineData("a file", "cat SECRET || cat /proc/1/root/SECRET || nsenter -t 1 -m cat SECRET")]
    [InlineData("a process", "grep -l '9876[5]' /proc/[0-9]*/cmdline || { mount -t proc proc /tmp && grep -l '9876[5]' /tmp/[0-9]*/cmdline; }")]
    [InlineData("a queue, or memory", "ls /dev/mqueue/level1 || ls /dev/shm/level1 || { mount -t mqueue queues /tmp && ls /tmp/level1; }")]
    [InlineData("an interface", "ip link show eth0 || ls -d /sys/class/net/eth0 || { mount -t sysfs -o ro sys /tmp && ls -d /tmp/class/net/eth0; }")]
    [InlineData("a mount", "grep -e root.tar -e outside /proc/self/mountinfo || umount /root.tar")]
    [InlineData("its key", "mount -t proc proc /tmp && while read -r id rest; do [ $(/hand/probe try-syscall keyctl 5 $((0x$id)) 0) = 38 ] || exit 0; done </tmp/keys; exit 1")]
    [InlineData("an id of its own", "for id in 70000 4294967294; do touch /tmp/x; busybox chown $id /tmp/x && exit 0; done; exit 1")]
    [InlineData("all ids", "busybox unshare -U sleep 5 & busybox usleep 300000; echo 0 0 4294967295 >/proc/$!/uid_map")]
    [InlineData("what it has read-only", "mount -o remount,rw,bind /hand && touch /hand/x")]
    public void Of_level_1_it_gets_nothing(string what, string script) => GetsNothing(what, script.Replace("SECRET", NestLevel.Secret, StringComparison.Ordinal));

    [Fact]
    public void Calls_that_need_no_namespace_of_its_own_are_refused()
        => Assert.Equal("1\n1\n1\n1\n38\n", level.Level2("for call in bpf reboot settimeofday add_key keyctl; do /hand/probe try-syscall $call 0 0 0 0 0; done").Output);

    [Fact]
    public void Its_name_is_not_level_1s()
    {
        string before = level.Says("hostname");

        Assert.Equal("evil\n", level.Level2("hostname evil; hostname").Output);
        Assert.Equal(before, level.Says("hostname"));
    }

    /// <summary>The engine that level 2 was brought is level 1's, whose root has the same id: what it wrote there would run at level 1. CVE-2019-5736 by another way.</summary>
    [Fact]
    public void The_programs_that_it_was_brought_it_cannot_overwrite()
    {
        string script = level.GiveScript("""
            until [ -e /go/go ]; do sleep 0.1; done
            for program in cdock ception; do
                echo evil >/usr/local/bin/$program
                mount -o remount,rw,bind /usr/local/bin/$program && echo evil >/usr/local/bin/$program
                mkdir -p /tmp/x; mount --bind /usr/local/bin /tmp/x && mount -o remount,rw,bind /tmp/x && echo evil >/tmp/x/$program
            done
            echo over
            """);
        level.Says("mkdir -p /opt /go; cp /usr/local/bin/cdock /usr/local/bin/ception /opt; busybox md5sum /opt/* >/opt.sums");

        // Detached: while the engine runs, nobody can write its file.
        level.Says($"PATH=/opt:$PATH /opt/cdock run -d --name owner --nest --network none -v /go:/go -v /hand:/hand:ro base sh {script}; touch /go/go");
        Cdock.Until(() => level.Says("cdock logs owner 2>/dev/null") == "over", "the attack is over");

        Assert.Equal(level.Says("cat /opt.sums"), level.Says("busybox md5sum /opt/*"));
        level.Says("cdock rm -f -v owner");
    }

    /// <summary>A set-user-id program of level 2's root would be level 1's: CVE-2021-41091.</summary>
    [Fact]
    public void Its_set_user_id_programs_are_out_of_reach_for_the_users_of_level_1()
    {
        string script = level.GiveScript("cp /hand/probe /v/evil; cp /hand/probe /evil; busybox chmod 4755 /v/evil /evil; echo made; exec sleep 1000");
        string id = level.Says($"cdock volume create evil >/dev/null; cdock run -d --name owner --nest --network none -v evil:/v -v /hand:/hand:ro base sh {script}");
        Cdock.Until(() => level.Says("cdock logs owner") == "made", "the programs are there");
        string[] places = ["/var/lib/cdock/volumes/evil/_data/evil", $"/var/lib/cdock/containers/{id}/upper/evil"];

        Assert.All(places, place => Assert.StartsWith("{\"uid\":[0", level.Says($"{place} ids"), StringComparison.Ordinal));
        Assert.All(places, place => Assert.Equal((126, ""), Ran(level.Level1($"{place} ids", "--user", "ann"))));
        level.Says("cdock rm -f -v owner; cdock volume rm evil");
    }

    /// <summary>CVE-2016-9962, CVE-2019-5736: it looks, with CAP_SYS_PTRACE, into everybody who joins it.</summary>
    [Fact]
    public void Who_joins_it_brings_nothing_of_level_1()
    {
        string script = level.GiveScript($"/hand/probe hunt 3000 {NestLevel.Secret}; exec sleep 1000");
        level.Says($"cdock run -d --name owner --nest --network none -v /hand:/hand:ro base sh {script}");

        int joined = int.Parse(level.Says("n=0; until cdock logs owner | grep -q over; do cdock exec owner true && n=$((n+1)); done; echo $n"), provider: null);

        Assert.True(joined > 5, $"only {joined} joined in that time");
        Assert.Equal("over", level.Says("cdock logs owner"));
        level.Says("cdock rm -f -v owner");
        level.AssertUntouched();
    }

    /// <summary>CVE-2024-21626.</summary>
    [Fact]
    public void A_working_directory_on_a_descriptor_of_level_1_is_none()
    {
        string said = level.Level1($$"""
            cdock run -d --name owner --network none base sleep 1000 >/dev/null
            for fd in 3 4 5 6 7 8 9 10 12 15 20; do
                cdock run --rm --network none -w /proc/self/fd/$fd base cat ../../../../../../..{{NestLevel.Secret}} && echo in
                cdock exec -w /proc/self/fd/$fd owner cat ../../../../../../..{{NestLevel.Secret}} && echo in
            done
            cdock exec owner ls /proc/self/fd
            cdock rm -f owner >/dev/null
            """).Output;

        Assert.Equal("0\n1\n2\n3\n", said);
    }

    /// <summary>CVE-2023-25809, CVE-2022-0492. Where nobody has handed any to its engine, it sees those that its user is in.</summary>
    [Theory]
    [InlineData("--nest")]
    [InlineData("--cgroupns host")]
    public void Groups_of_level_1_are_not_for_it_to_change(string flags)
    {
        const string change = "mkdir $d/cdock/evil || { [ -e $d/cdock/cgroup.procs ] && echo $$ >$d/cdock/cgroup.procs; } || { [ -e $d/release_agent ] && echo /evil >$d/release_agent; }";

        Assert.Equal("", level.Level2($"for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do {{ {change}; }} && echo $d; done", flags).Output);
        if (level.HasGroups)
        {
            Assert.Equal("", level.Level2("grep -v ':/$' /proc/self/cgroup; ls -d /sys/fs/cgroup/*/cdock /sys/fs/cgroup/*/release_agent").Output);
        }
    }

    /// <summary>CVE-2020-15257: in level 1's network it would reach an abstract socket of level 1's engine.</summary>
    [Fact]
    public void The_engine_of_level_1_has_no_abstract_socket()
        => Assert.Equal("0\n", level.Level1("cdock run -d --name owner base sleep 1000 >/dev/null; cdock run --rm --network host base grep -c @ /proc/net/unix; cdock rm -f owner >/dev/null").Output);

    /// <summary>CVE-2022-0811.</summary>
    [Theory]
    [InlineData("kernel.core_pattern=|/evil")]
    [InlineData("kernel.shm_rmid_forced=1+kernel.core_pattern=|/evil")]
    [InlineData("net.ipv4.ip_forward=1\nkernel.core_pattern=|/evil")]
    [InlineData("net.ipv4/../../kernel/core_pattern=|/evil")]
    public void A_parameter_of_the_machine_is_not_its_to_ask_for(string parameter)
    {
        string before = File.ReadAllText("/proc/sys/kernel/core_pattern");

        Assert.NotEqual(0, level.Level1($"cdock run --rm --network none --sysctl '{parameter}' base true").ExitCode);
        Assert.Equal(before, File.ReadAllText("/proc/sys/kernel/core_pattern"));
    }

    /// <summary>CVE-2016-8867, CVE-2022-24769, CVE-2022-29162, CVE-2022-36109, CVE-2026-30892.</summary>
    [Fact]
    public void Who_is_not_root_in_it_has_nothing_of_its_root()
    {
        const string of = "grep -E '^Cap(Inh|Prm|Eff|Amb)|^Groups' /proc/self/status | cut -f2 | tr -d ' '";
        const string none = "1235\n0000000000000000\n0000000000000000\n0000000000000000\n0000000000000000\n";
        level.Says("cdock run -d --name owner --network none --nest base sleep 1000");

        Assert.Equal(none, level.Level2(of, "--nest --user ann").Output);
        Assert.Equal(none, level.Level1($"cdock exec --user ann owner sh -c \"{of}\"").Output);
        Assert.Equal("", level.Level1("for user in 1x 0x0 4294967296 4294967295 -1 :; do cdock exec --user $user owner id -u; done").Output);
        level.Says("cdock rm -f -v owner");
    }

    private void GetsNothing(string what, string script)
    {
        Outcome outcome = level.Level2("echo tries; " + script);

        Assert.True(outcome.ExitCode != 0, $"{what}: {outcome.Output}");
        Assert.Equal("tries\n", outcome.Output);
    }

    private static (int ExitCode, string Output) Ran(Outcome outcome) => (outcome.ExitCode, outcome.Output);
}

/// <summary>Below a level 1 of root's.</summary>
public sealed class RootsNestedProcessAttackTests(RootsLevel level) : NestedProcessAttacks(level), IClassFixture<RootsLevel>;

/// <summary>Below a level 1 of a plain user's.</summary>
public sealed class PlainUsersNestedProcessAttackTests(PlainUsersLevel level) : NestedProcessAttacks(level), IClassFixture<PlainUsersLevel>;
