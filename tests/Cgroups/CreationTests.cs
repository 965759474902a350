using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

public sealed class CreationTests
{
    private static string Id() => "test-" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public void A_container_gets_a_directory_in_every_tree()
    {
        CgroupLayout layout = Needs.Version1();
        using Cgroup cgroup = Cgroup.Create(layout, null, Id(), null);

        Assert.Equal(layout.Hierarchies.Sum(h => h.Controllers.Length), cgroup.Paths.Count);
        Assert.All(cgroup.Paths.Values, path => Assert.True(Directory.Exists(path), path));

        cgroup.Remove();
        Assert.All(cgroup.Paths.Values, path => Assert.False(Directory.Exists(path), path));
    }

    [Fact]
    public void A_process_can_enter_every_tree_of_a_new_container()
    {
        CgroupLayout layout = Needs.Version1();
        using Cgroup cgroup = Cgroup.Create(layout, "/" + Id() + "/deep/down", "x", null);
        try
        {
            using Worker worker = new(cgroup, "cat /proc/self/cgroup");
            Assert.Contains(worker.Pid, cgroup.Processes());
            (int status, string output) = worker.Finish();
            Assert.Equal(0, status);
            Assert.All(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.EndsWith("/deep/down", line));
        }
        finally
        {
            Clean(cgroup);
        }
    }

    [Fact]
    public void A_group_that_has_processes_is_refused()
    {
        CgroupLayout layout = Needs.Version1();
        string id = Id();
        using Cgroup first = Cgroup.Create(layout, null, id, null);
        try
        {
            using (Worker worker = new(first, "true"))
            {
                CgroupException refusal = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, null, id, null));
                Assert.StartsWith("container's cgroup is not empty: 1 process(es) found", refusal.Message);
                worker.Finish();
            }

            using Cgroup second = Cgroup.Create(layout, null, id, null);
        }
        finally
        {
            first.Remove();
        }
    }

    [Fact]
    public void A_frozen_group_is_refused()
    {
        CgroupLayout layout = Needs.Version1("freezer");
        string id = Id();
        using Cgroup first = Cgroup.Create(layout, null, id, null);
        try
        {
            first.Freeze();
            CgroupException refusal = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, null, id, null));
            Assert.Contains("unexpectedly frozen", refusal.Message);
            first.Thaw();
        }
        finally
        {
            first.Remove();
        }
    }

    [Fact]
    public void When_a_limit_fails_nothing_is_left()
    {
        CgroupLayout layout = Needs.Version1("cpuset");
        string id = Id();
        LinuxResources impossible = new() { Cpu = new() { Cpus = "4000" } };

        CgroupException failure = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, $"/{id}/a/b", "x", impossible));

        Assert.StartsWith("linux.resources.cpu.cpus: write(", failure.Message);
        Assert.Contains("no such processors", failure.Hint);
        Assert.All(layout.Hierarchies, h => Assert.False(Directory.Exists($"{h.MountPoint}/{id}"), h.ToString()));
    }

    [Fact]
    public void A_controller_that_is_not_mounted_is_named()
    {
        CgroupLayout layout = Needs.Version1();
        Assert.SkipWhen(layout.Find("hugetlb") is not null, "needs a machine without hugetlb");
        LinuxResources resources = new() { HugepageLimits = [new() { PageSize = "2MB", Limit = 0 }] };

        CgroupException failure = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, null, Id(), resources));

        Assert.Equal("linux.resources.hugepageLimits[0]: this machine mounts no 'hugetlb' controller", failure.Message);
    }

    [Fact]
    public void A_file_that_the_kernel_lacks_is_named()
    {
        CgroupLayout layout = Needs.Version1("blkio");
        string id = Id();
        LinuxResources resources = new() { BlockIo = new() { LeafWeight = 500 } };

        CgroupException failure = Assert.Throws<CgroupException>(() => Cgroup.Create(layout, null, id, resources));

        Assert.Equal("linux.resources.blockIO.leafWeight: this kernel's 'blkio' controller has no blkio.bfq.leaf_weight", failure.Message);
        Assert.All(layout.Hierarchies, h => Assert.Empty(Directory.GetDirectories(h.MountPoint, "*" + id)));
    }

    [Fact]
    public void What_was_saved_can_be_loaded()
    {
        CgroupLayout layout = Needs.Version1();
        using Cgroup made = Cgroup.Create(layout, null, Id(), null);
        using Cgroup loaded = Cgroup.Load(made.Paths);

        Assert.Equal(made.Paths, loaded.Paths);
        Assert.Empty(loaded.Processes());
        loaded.Remove();
        Assert.Empty(loaded.Processes());
        loaded.Remove();
    }

    private static void Clean(Cgroup cgroup)
    {
        cgroup.Remove();
        foreach (string path in cgroup.Paths.Values.Distinct())
        {
            Directory.Delete(Path.GetDirectoryName(path)!);
            Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(path))!);
        }
    }
}
