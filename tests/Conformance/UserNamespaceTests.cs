using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class UserNamespaceTests : ContainerTest
{
    [Fact]
    public void Root_of_the_container_is_nobody_special_outside()
    {
        Config.WithUserNamespace(hostId: 100000, size: 65536);
        JsonNode ids = ProbeJson("ids");
        Assert.Equal(0, ids["uid"]![0]!.GetValue<int>());
        Assert.Equal(["0", "100000", "65536"], ids["uidMap"]!.GetValue<string>().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["0", "100000", "65536"], ids["gidMap"]!.GetValue<string>().Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Files_of_the_container_belong_to_the_mapped_user()
    {
        Config.WithUserNamespace(hostId: 100000);
        string shared = Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;
        Posix.Chown(shared, 100000, 100000);
        Config.AddMount("/mnt", "bind", shared, "rbind", "rw");
        Shell("touch /mnt/mine").Succeeded();
        Assert.Equal("100000 100000", Command.Run("stat", "-c", "%u %g", Path.Combine(shared, "mine")).Succeeded());
    }

    [Fact]
    public void A_map_may_have_several_ranges()
    {
        Config.WithUserNamespace();
        foreach (string map in (ReadOnlySpan<string>)["linux.uidMappings", "linux.gidMappings"])
        {
            Config.Set(map, JsonNode.Parse("""
                [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 10, "hostID": 300000, "size": 5}]
                """));
        }

        Config.Set("process.user", JsonNode.Parse("""{"uid": 12, "gid": 13}"""));
        JsonNode ids = ProbeJson("ids");
        Assert.Equal(12, ids["uid"]![0]!.GetValue<int>());
        Assert.Equal(13, ids["gid"]![0]!.GetValue<int>());
        Assert.Equal(2, ids["uidMap"]!.GetValue<string>().Split('\n').Length);
    }

    [Fact]
    public void A_single_id_is_enough()
    {
        Config.WithUserNamespace(hostId: 4242, size: 1);
        // gid 5 of devpts is not in the map.
        Config.RemoveMount("/dev/pts");
        Assert.Equal(0, ProbeJson("ids")["uid"]![0]!.GetValue<int>());
    }

    [Fact]
    public void All_capabilities_hold_inside_only()
    {
        Config.WithUserNamespace();
        Config.WithCapabilities("CAP_SYS_TIME", "CAP_SYS_ADMIN");
        // The clock is the initial user namespace's.
        Assert.Equal("1", Probe("try-syscall", "settimeofday", "0", "0"));
    }

    [Fact]
    public void A_user_namespace_without_maps_is_refused()
    {
        Config.WithNamespace("user");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void A_user_who_is_not_mapped_is_refused()
    {
        Config.WithUserNamespace(size: 10);
        Config.RemoveMount("/dev/pts");
        Config.Set("process.user", JsonNode.Parse("""{"uid": 12, "gid": 0}"""));
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void Default_devices_are_there_in_a_user_namespace()
    {
        Config.WithUserNamespace();
        Assert.Equal("ok", Probe("try-open", "/dev/null", "rw"));
        Assert.Equal("ok", Probe("try-open", "/dev/urandom", "r"));
    }
}
