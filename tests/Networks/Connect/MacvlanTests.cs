using System.Net;
using System.Text.Json;

namespace Containerception.Networks.Tests;

/// <summary>Containers on the wire of one of the host's interfaces.</summary>
public sealed class MacvlanTests
{
    [Fact]
    public void Two_containers_on_one_parent_reach_each_other_and_who_is_on_the_wire() => Alone.Run(() =>
    {
        using ContainerNamespace router = ContainerNamespace.Create();
        Wire(router);
        using ContainerNamespace one = ContainerNamespace.Create();
        using ContainerNamespace two = ContainerNamespace.Create();
        Connector.ConnectMacvlan(one, Plan("192.168.50.2/24") with { Gateway4 = IPAddress.Parse("192.168.50.1") });
        Connector.ConnectMacvlan(two, Plan("192.168.50.3/24") with { Mtu = 1300 });

        Assert.True(Alone.Reaches(one, "192.168.50.3"));
        Assert.True(Alone.Reaches(one, "192.168.50.1"));
        JsonElement link = Alone.Link(two, "eth0");
        Assert.Equal("bridge", link.GetProperty("linkinfo").GetProperty("info_data").GetProperty("mode").GetString());
        Assert.Equal("02:42:c0:a8:32:03", link.GetProperty("address").GetString());
        Assert.Equal(1300, link.GetProperty("mtu").GetInt32());
        Assert.Equal("default via 192.168.50.1 dev eth0", Alone.Ip(one, "route show default").Trim());
    });

    [Fact]
    public void Nothing_of_it_is_on_the_host_and_it_can_be_taken_away() => Alone.Run(() =>
    {
        using ContainerNamespace router = ContainerNamespace.Create();
        Wire(router);
        string[] before = Alone.Interfaces();
        using ContainerNamespace container = ContainerNamespace.Create();
        Connector.ConnectMacvlan(container, Plan("192.168.50.2/24"));

        Assert.Equal(before, Alone.Interfaces());
        Assert.True(Connector.Disconnect(container, "eth0"));
        Assert.Equal(["lo"], container.Run(Alone.Interfaces));
    });

    [Fact]
    public void A_parent_that_cannot_be_one_is_named() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        Alone.Ip("link add port0 type veth peer name port1");
        Alone.Ip("link set port0 master br0");
        using ContainerNamespace container = ContainerNamespace.Create();

        Refused(NetworkFailure.NotFound, "macvlan parent nowhere: no such device (ENODEV): there is no interface of that name on the host", Plan("10.0.0.2/24") with { Parent = "nowhere" });
        Refused(NetworkFailure.Conflict, "macvlan parent lo: ", Plan("10.0.0.2/24") with { Parent = "lo" });
        Refused(NetworkFailure.Conflict, "macvlan parent port0: ", Plan("10.0.0.2/24") with { Parent = "port0" });
        Refused(NetworkFailure.Conflict, "interface lo: file exists (EEXIST): the container has an interface of that name", Plan("10.0.0.2/24") with { Parent = "br0", Interface = "lo" });
        Assert.Equal(["lo"], container.Run(Alone.Interfaces));

        void Refused(NetworkFailure failure, string message, MacvlanPlan wrong)
        {
            NetworkException error = Assert.Throws<NetworkException>(() => Connector.ConnectMacvlan(container, wrong));
            Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(failure, error.Failure);
        }
    });

    /// <summary>A wire from this machine's up0 to a router with 192.168.50.1.</summary>
    private static void Wire(ContainerNamespace router)
    {
        // The name of a namespace to ip is a file, or a process: this thread's is neither until it is pinned.
        string pin = Path.Join(Path.GetTempPath(), $"networks-test-{Guid.NewGuid():N}");
        Linux.Namespaces.Unshare(Linux.NamespaceFlags.CLONE_NEWNS);
        Linux.Mounting.Mount(null, "/", null, Linux.MountFlags.MS_REC | Linux.MountFlags.MS_PRIVATE);
        router.Pin(pin);
        try
        {
            Alone.Ip($"link add up0 type veth peer name down0 netns {pin}");
            Alone.Ip("link set up0 up");
            Alone.Ip(router, "address add 192.168.50.1/24 dev down0");
            Alone.Ip(router, "link set down0 up");
        }
        finally
        {
            Linux.Mounting.Umount(pin, Linux.UmountFlags.MNT_DETACH);
            File.Delete(pin);
        }
    }

    private static MacvlanPlan Plan(string address) => new()
    {
        Parent = "up0",
        Interface = "eth0",
        Mac = HardwareAddresses.Of(Alone.Address(address).Address),
        Addresses = [Alone.Address(address)],
    };
}
