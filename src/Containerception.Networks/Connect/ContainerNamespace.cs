using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Networks;

/// <summary>
/// A network namespace for a container. It is gone, with all that is in it and both ends of every veth pair that has one there, when the last of
/// those is who hold it: this object, its sockets, a mount, a process.
/// </summary>
public sealed class ContainerNamespace : IDisposable
{
    // The thread's own: /proc/self is the first thread's.
    private const string Own = "/proc/thread-self/ns/net";

    private ContainerNamespace(SafeFileHandle descriptor, SafeFileHandle netlink)
    {
        Descriptor = descriptor;
        Netlink = netlink;
    }

    /// <summary>What setns(2) takes, and what a container's configuration leads to.</summary>
    public SafeFileHandle Descriptor { get; }

    /// <summary>A NETLINK_ROUTE socket in it.</summary>
    internal SafeFileHandle Netlink { get; }

    /// <summary>Makes one, where nothing is up, not even loopback. The calling thread is back in its own afterwards.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/> without CAP_SYS_ADMIN; <see cref="Errno.ENOSPC"/>: user.max_net_namespaces.</exception>
    public static ContainerNamespace Create() => Away(() => Namespaces.Unshare(NamespaceFlags.CLONE_NEWNET), () =>
    {
        SafeFileHandle descriptor = OpenOwn();
        try
        {
            return new ContainerNamespace(descriptor, Linux.Netlink.Open(NetlinkProtocol.NETLINK_ROUTE));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    });

    /// <summary>Uses one that is there: an open /proc/PID/ns/net or a pinned one, which is closed with the result.</summary>
    public static ContainerNamespace Open(SafeFileHandle descriptor)
    {
        try
        {
            return new ContainerNamespace(descriptor, Away(
                () => Namespaces.SetNs(descriptor, NamespaceFlags.CLONE_NEWNET), () => Linux.Netlink.Open(NetlinkProtocol.NETLINK_ROUTE)));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Mounts it on a file, which is made: it lives as long as the mount. Pinned in a mount namespace of somebody's own it leaves nothing behind.</summary>
    public void Pin(string path)
    {
        Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC, UnixFileMode.UserRead).Dispose();
        Mounting.Mount(Linux.Descriptor.MagicLink(Descriptor), path, null, MountFlags.MS_BIND);
    }

    /// <summary>Does something in it; the calling thread is in its own afterwards. What is opened meanwhile stays in it.</summary>
    public T Run<T>(Func<T> work) => Away(() => Namespaces.SetNs(Descriptor, NamespaceFlags.CLONE_NEWNET), work);

    public void Dispose()
    {
        Netlink.Dispose();
        Descriptor.Dispose();
    }

    // Root of a user namespace of his own could not come back to the machine's network: for him a thread goes, which ends there.
    private static T Away<T>(Action go, Func<T> work)
    {
        if (!Namespaces.IsInitialUser)
        {
            return NamespaceThread.Run(() =>
            {
                go();
                return work();
            });
        }

        using SafeFileHandle own = OpenOwn();
        go();
        try
        {
            return work();
        }
        finally
        {
            Namespaces.SetNs(own, NamespaceFlags.CLONE_NEWNET);
        }
    }

    private static SafeFileHandle OpenOwn() => Files.Open(Own, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
}
