namespace Containerception.Cgroups.Tests;

public sealed class LayoutTests
{
    [Fact]
    public void The_mount_table_is_read_with_its_escapes_and_each_tree_once()
    {
        CgroupLayout layout = CgroupLayout.From(CgroupMounts.Parse("""
            22 1 0:20 / / rw - ext4 /dev/vda rw
            30 22 0:26 / /mnt/elsewhere rw - cgroup cgroup rw,cpu,cpuacct
            31 22 0:26 /a\040b /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct
            32 22 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
            33 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
            """u8));

        Assert.Equal(CgroupMode.Hybrid, layout.Mode);
        Assert.Equal(["cpu,cpuacct", "name=systemd", "cgroup2"], layout.Hierarchies.Select(h => h.ToString()));
        Assert.Equal("/sys/fs/cgroup/cpu,cpuacct", layout.Find("cpuacct")!.MountPoint);
        Assert.Equal("/a b", layout.Find("cpu")!.MountRoot);
        Assert.Null(layout.Find("memory"));
    }

    [Theory]
    [InlineData("/docker/x", "/docker/x/y", "y/ception-id")]
    [InlineData("/docker/x", "/docker/x", "ception-id")]
    [InlineData("/", "/../other", "ception-id")]
    [InlineData("/", "/", "ception-id")]
    public void Without_a_path_a_container_is_below_its_maker(string mountRoot, string own, string expected)
    {
        CgroupHierarchy pids = new("/sys/fs/cgroup/pids", mountRoot, ["pids"]);

        Assert.Equal(expected, CgroupPath.Resolve(pids, null, "id", new(() => new OwnCgroups($"8:pids:{own}\n"))));
    }

    [Fact]
    public void In_version_2_it_is_beside_its_maker()
    {
        CgroupHierarchy unified = new("/sys/fs/cgroup", "/", [""]);

        Assert.Equal("user.slice/ception-id", CgroupPath.Resolve(unified, "", "id", new(() => new OwnCgroups("0::/user.slice/session.scope\n"))));
        Assert.Equal("user.slice/mine", CgroupPath.Resolve(unified, "mine", "id", new(() => new OwnCgroups("0::/user.slice/session.scope\n"))));
        Assert.Equal("mine/a", CgroupPath.Resolve(unified, "/mine/a", "id", new(() => throw new InvalidOperationException())));
    }
}
