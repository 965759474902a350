using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

public sealed class NamespacesTests
{
    [Fact]
    public void A_host_name_stays_in_its_namespace()
    {
        Needs.Root();
        string before = File.ReadAllText("/proc/sys/kernel/hostname");

        Alone.Run(() =>
        {
            using SafeFileHandle outside = Files.Open("/proc/thread-self/ns/uts", OpenFlags.O_RDONLY);
            Linux.Namespaces.Unshare(NamespaceFlags.CLONE_NEWUTS);
            Linux.Namespaces.SetHostName("inside");
            Linux.Namespaces.SetDomainName("example.org");
            Assert.Equal("inside\n", File.ReadAllText("/proc/sys/kernel/hostname"));
            Assert.Equal("example.org\n", File.ReadAllText("/proc/sys/kernel/domainname"));

            Linux.Namespaces.SetNs(outside, NamespaceFlags.CLONE_NEWUTS);
            Assert.Equal(before, File.ReadAllText("/proc/sys/kernel/hostname"));
        });

        Assert.Equal(before, File.ReadAllText("/proc/sys/kernel/hostname"));
    }

    [Fact]
    public void The_machines_own_user_namespace_is_known_from_others()
    {
        Needs.Root();
        string map = File.ReadAllText("/proc/self/uid_map");
        Assert.Equal(map.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295\n"], Linux.Namespaces.IsInitialUser);
    }

    [Theory]
    [InlineData("mnt", NamespaceFlags.CLONE_NEWNS)]
    [InlineData("net", NamespaceFlags.CLONE_NEWNET)]
    [InlineData("pid", NamespaceFlags.CLONE_NEWPID)]
    [InlineData("user", NamespaceFlags.CLONE_NEWUSER)]
    [InlineData("cgroup", NamespaceFlags.CLONE_NEWCGROUP)]
    public void A_namespace_tells_its_type(string name, NamespaceFlags type)
    {
        using SafeFileHandle file = Files.Open($"/proc/self/ns/{name}", OpenFlags.O_RDONLY);

        Assert.Equal(type, Linux.Namespaces.TypeOf(file));
    }

    [Fact]
    public void A_namespace_tells_its_owner()
    {
        Needs.Root();
        using SafeFileHandle network = Files.Open("/proc/self/ns/net", OpenFlags.O_RDONLY);
        using SafeFileHandle owner = Linux.Namespaces.OwnerOf(network);

        Assert.Equal(NamespaceFlags.CLONE_NEWUSER, Linux.Namespaces.TypeOf(owner));
        Assert.Equal(0u, Linux.Namespaces.OwnerUidOf(owner));
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => Linux.Namespaces.ParentOf(owner)).Errno);
    }

    [Fact]
    public void A_namespace_of_another_type_is_refused()
    {
        Needs.Root();
        using SafeFileHandle file = Files.Open("/proc/self/ns/net", OpenFlags.O_RDONLY);

        LinuxException error = Assert.Throws<LinuxException>(() => Linux.Namespaces.SetNs(file, NamespaceFlags.CLONE_NEWUTS));

        Assert.Matches(@"^setns\(\d+<net:\[\d+\]>, CLONE_NEWUTS\): invalid argument \(EINVAL\)$", error.Message);
    }

    [Fact]
    public void Loopback_comes_up_in_a_new_network()
    {
        Needs.Root();

        Alone.Run(() =>
        {
            Linux.Namespaces.Unshare(NamespaceFlags.CLONE_NEWNET);
            using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
            Assert.DoesNotContain(" lo\n", File.ReadAllText("/proc/thread-self/net/if_inet6") + "\n", StringComparison.Ordinal);

            Netlink.Send(netlink, Netlink.LoopbackUp());

            Assert.Contains(" lo\n", File.ReadAllText("/proc/thread-self/net/if_inet6"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_refused_netlink_message_is_named_and_the_kernel_says_why()
    {
        Needs.Root();

        Alone.Run(() =>
        {
            Linux.Namespaces.Unshare(NamespaceFlags.CLONE_NEWNET);
            using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
            const ushort IFLA_IFNAME = 3;
            const ushort IFLA_LINKINFO = 18;
            const ushort IFLA_INFO_KIND = 1;
            NetlinkRequest request = Netlink.LoopbackUp();
            request.Begin(NetlinkMessageType.RTM_NEWLINK, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_EXCL, new InterfaceInfo(), "a device of no kind");
            request.Attribute(IFLA_IFNAME, "x0");
            int nest = request.BeginNest(IFLA_LINKINFO);
            request.Attribute(IFLA_INFO_KIND, "nosuchkind");
            request.EndNest(nest);

            LinuxException error = Assert.Throws<LinuxException>(() => Netlink.Send(netlink, request));

            Assert.Equal("netlink(RTM_NEWLINK, a device of no kind): operation not supported (EOPNOTSUPP): Unknown device type", error.Message);
        });
    }

    [Fact]
    public void A_netlink_attribute_longer_than_its_length_field_is_refused()
    {
        NetlinkRequest request = Netlink.LoopbackUp();

        Assert.Equal(Errno.EMSGSIZE, Assert.Throws<LinuxException>(() => request.Attribute(1, new byte[65_532])).Errno);
    }
}
