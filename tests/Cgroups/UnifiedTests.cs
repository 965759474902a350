using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Version 2 for real, on whatever tree of it the machine mounts: all that needs no controller.</summary>
public sealed class UnifiedTests
{
    [Fact]
    public void A_device_that_is_denied_cannot_be_opened()
    {
        using Cgroup cgroup = Create(new() { Devices = [PlanTests.Deny(), PlanTests.Allow("c", 1, 3, "rw")] });
        try
        {
            using Worker worker = new(cgroup, "echo x > /dev/null && echo fine; head -c1 /dev/zero");
            (int status, string output) = worker.Finish();

            Assert.Equal(1, status);
            Assert.Contains("fine", output);
            Assert.Contains("'/dev/zero' for reading: Operation not permitted", output);
        }
        finally
        {
            cgroup.Remove();
        }
    }

    [Fact]
    public void Frozen_processes_are_killed_and_the_group_is_gone_with_the_groups_in_it()
    {
        using Cgroup cgroup = Create(null);
        string path = cgroup.Paths[""];
        Directory.CreateDirectory(path + "/own/deeper");
        using Worker worker = new(cgroup, $"echo 0 > {path}/own/deeper/cgroup.procs; echo moved; while true; do :; done");
        worker.Go();
        Assert.Equal("moved", worker.ReadLine());
        Assert.Equal([worker.Pid], cgroup.Processes());

        cgroup.Freeze();
        Assert.True(cgroup.IsFrozen);
        cgroup.Thaw();
        Assert.False(cgroup.IsFrozen);
        cgroup.Freeze();
        cgroup.KillAll(Signal.SIGKILL);
        cgroup.Remove();

        worker.WaitForEnd();
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Groups_beyond_every_path_and_with_names_of_any_bytes_are_removed_too()
    {
        using Cgroup cgroup = Create(null);
        string path = cgroup.Paths[""];
        string script = $"""
            cd {path}; mkdir -p $'a\377b/c\303' z/y
            for level in $(seq 20); do mkdir {new string('n', 250)}; cd {new string('n', 250)}; done
            for level in $(seq 10); do mkdir -p {Deep()}; cd {Deep()}; done
            echo 0 > cgroup.procs; echo there; read stay
            """;
        using Worker worker = new(cgroup, script);
        worker.Go();
        Assert.Equal("there", worker.ReadLine());
        int before = Directory.GetFiles("/proc/self/fd").Length;

        Assert.Equal([worker.Pid], cgroup.Processes());
        cgroup.KillAll(Signal.SIGKILL);
        cgroup.Remove();

        Assert.False(Directory.Exists(path));
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 1, before + 8);

        static string Deep() => string.Join('/', Enumerable.Repeat("d", 100));
    }

    [Fact]
    public void The_processes_of_a_threaded_group_are_found_and_killed()
    {
        using Cgroup cgroup = Create(null);
        string path = cgroup.Paths[""];
        Directory.CreateDirectory(path + "/own");
        using Worker worker = new(cgroup, $"echo threaded > {path}/own/cgroup.type && echo $$ > {path}/own/cgroup.threads; echo there; read stay");
        worker.Go();
        Assert.Equal("there", worker.ReadLine());
        Assert.Throws<IOException>(() => File.ReadAllText(path + "/own/cgroup.procs"));

        Assert.Equal([worker.Pid], cgroup.Processes());
        cgroup.KillAll(Signal.SIGKILL);
        cgroup.Remove();

        worker.WaitForEnd();
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void The_door_is_the_directory()
    {
        using Cgroup cgroup = Create(null);
        using (CgroupEntry entry = cgroup.OpenEntry())
        {
            Assert.NotNull(entry.Unified);
            Assert.Empty(entry.Tasks);
        }

        cgroup.Remove();
    }

    [Fact]
    public void A_controller_that_is_not_there_is_named_and_nothing_is_left()
    {
        CgroupLayout layout = Layout();
        string root = layout.Hierarchies[0].MountPoint;
        Needs.Met(!File.ReadAllText(root + "/cgroup.controllers").Contains("rdma", StringComparison.Ordinal), "a cgroup v2 without rdma");

        CgroupException failure = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, "/test-missing", "x",
            new() { Unified = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("rdma.max", "x") }));

        Assert.StartsWith("linux.resources.unified[\"rdma.max\"]: the 'rdma' controller is not there in ", failure.Message);
        Assert.False(Directory.Exists(root + "/test-missing"));
    }

    private static Cgroup Create(LinuxResources? resources)
        => Cgroup.Create(Layout(), "/test-" + Guid.NewGuid().ToString("N")[..8], "x", resources);

    private static CgroupLayout Layout()
    {
        Needs.Root();
        CgroupHierarchy? unified = CgroupLayout.Detect().Find("");
        Needs.Met(unified is not null, "cgroup v2");
        return new(CgroupMode.Unified, [unified!]);
    }
}
