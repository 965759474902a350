using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// linux.netDevices: interfaces of the host that move into the container's network namespace, keep their addresses, and are brought up.
/// The kernel keeps hardware address and MTU. When the network namespace ends, a device of hardware goes back to the first one, and a virtual
/// one goes with it: runtime-spec, config-linux.md, "Namespace Lifecycle".
/// </summary>
internal sealed class NetDevices : IDisposable
{
    private const string Field = "linux.netDevices";

    private readonly SafeFileHandle _own;
    private readonly SafeFileHandle _containers;
    private readonly SafeFileHandle _outside;
    private readonly SafeFileHandle _inside;

    /// <param name="pid">A process of the container's network namespace.</param>
    public NetDevices(int pid)
    {
        _own = Files.Open("/proc/self/ns/net", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        _containers = Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/net"), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        if (FileStatuses.Statx(_own).Inode == FileStatuses.Statx(_containers).Inode)
        {
            throw new ContainerException(
                FailureKind.Invalid, $"{Field}: the network namespace that the container joins is the runtime's own, so the devices are there already", "let the container have a network namespace of its own");
        }

        _outside = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        _inside = Netlink.OpenIn(_containers, NetlinkProtocol.NETLINK_ROUTE);
    }

    /// <summary>Moves one device; what was done is taken back by <paramref name="undo"/>: nobody loses a device to a container that is not to be.</summary>
    public void Move(string name, NetDeviceConfig device, Undo undo)
    {
        string newName = device.Name ?? name;
        NetworkLink link = Find(_outside, candidate => candidate.Name == name) ?? throw new ContainerException(
            FailureKind.Invalid, $"{Field}.{name}: no such device (ENODEV): there is no network interface of that name outside of the container", "see 'ip link', in the network namespace that the runtime is started in");
        IReadOnlyList<NetworkLink> there = NetworkLinks.All(_inside);
        if (there.Any(other => other.Name == newName))
        {
            throw new ContainerException(
                FailureKind.Conflict, $"{Field}.{name}: file exists (EEXIST): the container's network namespace has an interface {newName}", "give it another name: \"name\", or a template such as eth%d");
        }

        IReadOnlyList<NetworkAddress> addresses = NetworkLinks.PermanentAddresses(_outside, link.Index);
        undo.Push(() => Return(link, newName, there, addresses));
        try
        {
            NetworkLinks.Move(_outside, link.Index, _containers, newName);
            NetworkLinks.Configure(_inside, FindMoved(link, newName, there)!, addresses, up: true);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"{Field}.{name}: {failure.Message}", failure.Errno switch
            {
                Errno.EPERM => "moving a device needs CAP_NET_ADMIN in both network namespaces",
                Errno.EINVAL => "the device cannot leave its network namespace, as loopback, bridges and some others cannot",
                Errno.EBUSY => "something uses the device: see 'ip -d link show'",
                _ => null,
            }, failure);
        }
    }

    public void Dispose()
    {
        _inside.Dispose();
        _outside.Dispose();
        _containers.Dispose();
        _own.Dispose();
    }

    private void Return(NetworkLink link, string newName, IReadOnlyList<NetworkLink> before, IReadOnlyList<NetworkAddress> addresses)
    {
        // It may have moved, and then not got its name.
        if ((FindMoved(link, newName, before) ?? FindMoved(link, link.Name, before)) is not { } moved)
        {
            return;
        }

        NetworkLinks.Move(_inside, moved.Index, _own, link.Name);
        NetworkLinks.Configure(_outside, Find(_outside, candidate => candidate.Name == link.Name)!, addresses, link.IsUp);
    }

    /// <summary>A namespace that is joined may get other interfaces meanwhile, of such a name: the hardware address is the one that was moved.</summary>
    private NetworkLink? FindMoved(NetworkLink link, string name, IReadOnlyList<NetworkLink> before)
    {
        bool template = name.EndsWith("%d", StringComparison.Ordinal);
        return Find(_inside, candidate => candidate.HardwareAddress == link.HardwareAddress && !before.Any(other => other.Index == candidate.Index)
            && (template ? candidate.Name.StartsWith(name[..^2], StringComparison.Ordinal) : candidate.Name == name));
    }

    private static NetworkLink? Find(SafeFileHandle netlink, Func<NetworkLink, bool> wanted) => NetworkLinks.All(netlink).FirstOrDefault(wanted);
}
