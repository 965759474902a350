using System.Globalization;
using System.Net;

namespace Containerception.Networks.Tests;

/// <summary>Many containers on one bridge, and what is left when they end, however they end.</summary>
public sealed class CrowdTests
{
    [Fact]
    public void Two_hundred_containers_on_one_bridge_reach_each_other_and_leave_nothing() => Alone.Run(() =>
    {
        const int Count = 200;
        IPNetwork subnet = IPNetwork.Parse("10.20.0.0/16");
        Bridges.Ensure(Alone.Bridge("br0", "10.20.0.1/16"));
        HashSet<IPAddress> taken = [AddressPool.Gateway(subnet)];
        List<ContainerNamespace> containers = [];
        try
        {
            IPAddress? last = null;
            for (int number = 0; number < Count; number++)
            {
                last = AddressPool.Next(subnet, null, taken, last)!;
                taken.Add(last);
                containers.Add(Alone.Container($"{last}/16"));
            }

            Assert.Equal(Count, Alone.Ip("-o link show type veth").Split('\n').Length);
            Assert.True(Alone.Reaches(containers[0], last!.ToString()));
            Assert.True(Alone.Reaches(containers[^1], "10.20.0.2"));
            Assert.True(Alone.Reaches(containers[Count / 2], "10.20.0.1"));
        }
        finally
        {
            containers.ForEach(container => container.Dispose());
        }

        Alone.Until(() => Alone.Interfaces().Length == 2, "nothing but lo and br0");
    });

    [Fact]
    public void A_pinned_namespace_lives_as_long_as_its_last_holder() => Alone.Run(() =>
    {
        Namespaces.Unshare(NamespaceFlags.CLONE_NEWNS);
        Mounting.Mount(null, "/", null, MountFlags.MS_REC | MountFlags.MS_PRIVATE);
        string pin = Path.Join(Path.GetTempPath(), $"networks-test-{Guid.NewGuid():N}");
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        try
        {
            using (ContainerNamespace container = Alone.Container("10.0.0.2/24"))
            {
                container.Pin(pin);
            }

            using (ContainerNamespace again = ContainerNamespace.Open(Files.Open(pin, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC)))
            {
                Mounting.Umount(pin, UmountFlags.MNT_DETACH);
                Assert.True(Alone.Reaches(again, "10.0.0.1"));
            }

            Alone.Until(() => Alone.Interfaces().Length == 2, "nothing but lo and br0");
        }
        finally
        {
            File.Delete(pin);
        }
    });

    [Fact]
    public void What_a_killed_process_held_is_gone() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.0.0.1/24"));
        using Command sleeper = Sleeper();

        Assert.Equal(3, Alone.Interfaces().Length);
        Processes.Kill(sleeper.Pid, Signal.SIGKILL);

        Alone.Until(() => Alone.Interfaces().Length == 2, "nothing but lo and br0");
    });

    [Fact]
    public void A_bridge_is_full_with_1023_ports_and_says_so() => Alone.Run(() =>
    {
        Bridges.Ensure(Alone.Bridge("br0", "10.20.0.1/16"));
        using ContainerNamespace crowd = ContainerNamespace.Create();
        for (int number = 0; number < 1023; number++)
        {
            Connector.Connect(crowd, Alone.Endpoint("10.20.0.2/16") with
            {
                Interface = string.Create(CultureInfo.InvariantCulture, $"eth{number}"),
                Addresses = [],
            });
        }

        NetworkException error = Assert.Throws<NetworkException>(() => Connector.Connect(crowd, Alone.Endpoint("10.20.0.3/16") with { Interface = "more" }));

        Assert.Equal(NetworkFailure.Exhausted, error.Failure);
        Assert.StartsWith("bridge br0: exchange full (EXFULL): it has no port left", error.Message, StringComparison.Ordinal);
        Assert.Null(crowd.Run(() => Alone.Interfaces().FirstOrDefault(name => name == "more")));
    });

    /// <summary>A process that alone holds a container's namespace.</summary>
    private static Command Sleeper()
    {
        using ContainerNamespace container = Alone.Container("10.0.0.2/24");
        return container.Run(() => new Command(["sleep", "600"]));
    }
}
