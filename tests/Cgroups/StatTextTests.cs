namespace Containerception.Cgroups.Tests;

/// <summary>The forms in which the kernel tells numbers.</summary>
public sealed class StatTextTests
{
    [Theory]
    [InlineData("5\n", 5UL)]
    [InlineData("max", ulong.MaxValue)]
    [InlineData("-1", 0UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("99999999999999999999", ulong.MaxValue)]
    public void A_number_may_be_beyond_all(string text, ulong expected) => Assert.Equal(expected, StatText.Number(text));

    [Fact]
    public void Nothing_is_no_number()
    {
        Assert.Null(StatText.Number(null));
        Assert.Null(StatText.Number("\n"));
        Assert.Null(StatText.Key("oom_kill 3\n", "oom"));
        Assert.Equal(3UL, StatText.Key("oom 1\noom_kill 3\n", "oom_kill"));
    }

    [Fact]
    public void A_list_of_processors_is_told_one_by_one() => Assert.Equal([0, 1, 2, 7], StatText.List("0-2,7\n"));

    [Fact]
    public void Pressure_is_told_in_two_lines()
    {
        Pressure pressure = StatText.Pressure("some avg10=5.84 avg60=12.14 avg300=20.07 total=193705193\nfull avg10=0.00 avg60=0.50 avg300=0.00 total=7\n")!;
        Assert.Equal(new PressureLine(5.84, 12.14, 20.07, 193705193), pressure.Some);
        Assert.Equal(new PressureLine(0, 0.5, 0, 7), pressure.Full);
        Assert.Null(StatText.Pressure(null));
    }

    /// <summary>No machine here has either controller: these are their files as the kernel's documentation shows them.</summary>
    [Fact]
    public void Rdma_and_misc_are_counted_by_device_and_by_resource()
    {
        string path = Directory.CreateTempSubdirectory("group-").FullName;
        try
        {
            using (CgroupNode bare = new(path, []))
            {
                Assert.Null(MiscCounts.Read(bare));
                Assert.Null(RdmaCounts.Read(bare));
            }

            File.WriteAllText(path + "/misc.current", "res_a 3\nres_b 0\n");
            File.WriteAllText(path + "/misc.events", "res_a.max 2\n");
            File.WriteAllText(path + "/rdma.max", "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n");
            File.WriteAllText(path + "/rdma.current", "mlx4_0 hca_handle=1 hca_object=20\nocrdma1 hca_handle=1 hca_object=23\n");
            using CgroupNode node = new(path, []);
            Assert.Equal([("res_a", new MiscStats(3, 2)), ("res_b", new MiscStats(0, 0))], MiscCounts.Read(node)!.Select(pair => (pair.Key, pair.Value)));
            RdmaStats rdma = RdmaCounts.Read(node)!;
            Assert.Equal([new("mlx4_0", 2, 2000), new("ocrdma1", 3, ulong.MaxValue)], rdma.Limit);
            Assert.Equal([new("mlx4_0", 1, 20), new("ocrdma1", 1, 23)], rdma.Current);
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    [Fact]
    public void The_resctrl_mount_is_found_by_its_type()
    {
        const string Table = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw\n40 31 0:37 / /sys/fs/res\\040ctrl rw shared:3 - resctrl resctrl rw\n";
        Assert.Equal("/sys/fs/res ctrl", ResctrlMount.Parse(Table));
        Assert.Null(ResctrlMount.Parse("31 23 0:28 / /sys/fs/resctrl rw,relatime - tmpfs resctrl rw\n"));
    }
}
