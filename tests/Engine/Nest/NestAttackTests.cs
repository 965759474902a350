namespace Containerception.Engine.Tests;

/// <summary>What the root of a container that nests tries against the machine, with all that <c>--nest</c> gives him.</summary>
public sealed class NestAttackTests : IDisposable, IClassFixture<NestRoot>
{
    private readonly NestRoot _root;
    private readonly Cdock _cdock = new();

    public NestAttackTests(NestRoot root)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        _root = root;
        _cdock.Ok("import", root.Archive, "base");
    }

    [Theory]
    [MemberData(nameof(MachineAttempts.All), MemberType = typeof(MachineAttempts))]
    [InlineData("even the sight of where a program for an empty group is named", "ls /sys/fs/cgroup/*/release_agent")]
    [InlineData("the limit that it was given", "set -- /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; [ -e $1 ] || shift; echo 1000000000 >$1")]
    [InlineData("the limit that it was given, in a mount of its own", "mount -t cgroup -o memory memory /tmp && { echo -1 >/tmp/memory.limit_in_bytes || ls /tmp/cdock/*/memory.limit_in_bytes || ls /tmp/nest; }")]
    public void Of_the_machine_it_gets_nothing(string what, string script)
    {
        Outcome outcome = Nested("echo tries; " + script);

        Assert.True(outcome.ExitCode != 0, $"{what}: {outcome.Output}");
        Assert.Equal("tries\n", outcome.Output);
    }

    [Fact]
    public void It_has_no_capability_outside_and_no_id_of_the_machines()
    {
        string id = _cdock.Ok("run", "-d", "--name", "nested", "--nest", "base", "sleep", "1000");
        int pid = int.Parse(_cdock.Ok("inspect", "-f", "{{.State.Pid}}", id), provider: null);
        string[] status = File.ReadAllLines($"/proc/{pid}/status");

        Assert.NotEqual(new FileInfo("/proc/self/ns/user").LinkTarget, new FileInfo($"/proc/{pid}/ns/user").LinkTarget);
        Assert.All(status.Where(line => line.StartsWith("Uid:", StringComparison.Ordinal) || line.StartsWith("Gid:", StringComparison.Ordinal)),
            line => Assert.All(line.Split('\t')[1..], number => Assert.True(long.Parse(number, provider: null) >= 0x2000_0000)));
        Assert.Contains("Seccomp:\t2", status);
    }

    [Fact]
    public void It_sees_neither_the_machines_processes_nor_its_files_nor_its_sockets()
    {
        string secret = Path.Join(_cdock.Root, "secret");
        File.WriteAllText(secret, "secret");

        Assert.Equal("1", Nested("ls /proc | grep '^[0-9]*$' | grep -c '^1$'").Output.Trim());
        Assert.Equal("yes", Nested("mount -t proc proc /tmp && [ $(ls /tmp | grep -c '^[0-9]*$') -lt 10 ] && echo yes").Output.Trim());
        Assert.Equal("", Nested($"cat {secret} /proc/1/root{secret} || nsenter -t 1 -m cat {secret} || nsenter -t 1 -m -p -n cat /proc/2/comm").Output);
        Assert.Equal("", Nested("ls -d /var/run/docker.sock /run/docker.sock /run/dbus /root/.docker").Output);
    }

    [Fact]
    public void Of_its_volumes_and_mounts_the_machine_is_told_nothing()
    {
        string before = File.ReadAllText("/proc/self/mounts");

        Assert.Equal("mounted", Nested("mount -t tmpfs mine /tmp && echo mounted").Output.Trim());
        Assert.Equal(before, File.ReadAllText("/proc/self/mounts"));
    }

    [Fact]
    public void A_level_below_can_raise_no_limit_of_its_own_and_see_no_key_of_another()
    {
        Outcome outcome = Nested("""
            cdock import /root.tar base >/dev/null
            cdock run --rm --nest --network none --memory 40m base sh -c '
                for place in /sys/fs/cgroup /sys/fs/cgroup/memory; do echo -1 >$place/memory.limit_in_bytes; echo max >$place/memory.max; done
                hog'
            echo $?
            cdock run --rm --network none base sh -c 'cat /proc/keys | wc -l; ls /dev/.nest'
            """);

        Assert.Equal("137\n0\n", outcome.Output);
    }

    [Fact]
    public void Who_is_not_root_in_it_has_no_capability_and_no_way_below_the_covers()
    {
        Outcome outcome = Nested("grep CapEff /proc/self/status | cut -f2; ls /dev/.nest; umount /dev/.nest; cat /proc/keys | wc -l; touch /var/lib/cdock/x && echo wrote", "--user", "ann");

        Assert.Equal("0000000000000000\n0\n", outcome.Output);
    }

    public void Dispose() => _cdock.Dispose();

    private Outcome Nested(string script, params string[] flags)
        => _cdock.Run(["--nest", "-v", $"{_root.Archive}:/root.tar:ro", .. flags, "base", "sh", "-c", script]);
}
