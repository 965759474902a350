using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Classes of service: what is decided without the processor, which few machines have. The files are ordinary ones here.</summary>
public sealed class ResctrlTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("resctrl-").FullName;

    [Theory]
    [InlineData("L3:0=ff;1=3f", true)]
    [InlineData("L3: 1 = 03F", true)]
    [InlineData("MB:0=100", true)]
    [InlineData("L3:0=fe", false)]
    [InlineData("L3:2=ff", false)]
    [InlineData("MB:0=0x64", false)]
    [InlineData("L2:0=ff", false)]
    public void Schemata_hold_what_they_say(string wanted, bool expected)
        => Assert.Equal(expected, Schemata.Holds("    L3:0=ff;1=3f\n    MB:0=100;1=100\n", [wanted]));

    [Fact]
    public void Bandwidth_in_the_caches_schema_gives_way_to_its_own()
    {
        Assert.Equal(["L3:0=f", "MB:0=20"], new IntelRdtConfig { L3CacheSchema = "L3:0=f\nMB:0=70", MemBwSchema = "MB:0=20" }.Lines);
        Assert.Equal(["L3:0=f", "MB:0=70", "L2:0=3"], new IntelRdtConfig { L3CacheSchema = "L3:0=f\nMB:0=70\n", Schemata = ["L2:0=3"] }.Lines);
    }

    [Fact]
    public void A_class_that_is_there_is_joined_as_it_is()
    {
        string path = MakeClass("gold", "L3:0=ff\n");
        ResctrlGroup group = ResctrlGroup.Make(_root, new() { ClosId = "gold" }, "c1");
        Assert.Equal((path, null, false), (group.Path, group.MonitorPath, group.IsOurs));
        group.OpenTasks().Single().Dispose();
        group.Remove();
        Assert.True(Directory.Exists(path));
        Assert.Equal("L3:0=ff\n", File.ReadAllText(path + "/schemata"));
    }

    [Fact]
    public void A_class_with_another_schema_is_refused()
    {
        MakeClass("gold", "L3:0=ff\n");
        CgroupException refused = Assert.Throws<CgroupException>(() => ResctrlGroup.Make(_root, new() { ClosId = "gold", L3CacheSchema = "L3:0=f" }, "c1"));
        Assert.Equal($"linux.intelRdt: the class {_root}/gold is there, with another schema: L3:0=ff", refused.Message);
    }

    [Fact]
    public void A_class_that_is_not_there_is_refused_without_a_schema()
    {
        CgroupException refused = Assert.Throws<CgroupException>(() => ResctrlGroup.Make(_root, new() { ClosId = "gold" }, "c1"));
        Assert.Equal($"linux.intelRdt.closID: there is no class {_root}/gold", refused.Message);
    }

    [Fact]
    public void What_is_counted_is_read_from_the_monitoring_group()
    {
        string path = MakeClass("gold", "    L3:0=ff\n    MB:0=70\n");
        string node = path + "/mon_groups/c1/mon_data/mon_L3_00";
        Directory.CreateDirectory(node);
        File.WriteAllText(node + "/llc_occupancy", "42\n");
        File.WriteAllText(node + "/mbm_total_bytes", "Unavailable\n");
        ResctrlStats stats = ResctrlStats.Read(_root, new(path, path + "/mon_groups/c1", IsOurs: false));
        Assert.Equal(("L3:0=ff", "MB:0=70", null), (stats.CacheSchema, stats.BandwidthSchema, stats.Cache));
        Assert.Equal([new MonitoredNode(42, null, null)], stats.Nodes);
    }

    [Fact]
    public void A_machine_without_it_says_so()
    {
        Assert.SkipWhen(ResctrlMount.Find() is not null, "needs a machine without resctrl");
        CgroupException refused = Assert.Throws<CgroupException>(() => ResctrlMount.Require("linux.intelRdt"));
        Assert.Equal("linux.intelRdt: no resctrl file system is mounted", refused.Message);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string MakeClass(string name, string schemata)
    {
        string path = Directory.CreateDirectory(Path.Join(_root, name)).FullName;
        File.WriteAllText(path + "/schemata", schemata);
        File.WriteAllText(path + "/tasks", "");
        return path;
    }
}
