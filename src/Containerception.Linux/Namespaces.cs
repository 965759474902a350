using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>The kinds of namespaces, spelled as in linux/sched.h, and what else unshare(2) can part.</summary>
[Flags]
public enum NamespaceFlags
{
    None = 0,
    CLONE_NEWTIME = 0x80,
    CLONE_FS = 0x200,
    CLONE_FILES = 0x400,
    CLONE_NEWNS = 0x20000,
    CLONE_SYSVSEM = 0x40000,
    CLONE_NEWCGROUP = 0x2000000,
    CLONE_NEWUTS = 0x4000000,
    CLONE_NEWIPC = 0x8000000,
    CLONE_NEWUSER = 0x10000000,
    CLONE_NEWPID = 0x20000000,
    CLONE_NEWNET = 0x40000000,
}

/// <summary>namespaces(7). setns(2) and unshare(2) move the calling thread, never the whole process.</summary>
public static partial class Namespaces
{
    private const uint NS_GET_USERNS = 0xb701;
    private const uint NS_GET_PARENT = 0xb702;
    private const uint NS_GET_NSTYPE = 0xb703;
    private const uint NS_GET_OWNER_UID = 0xb704;

    /// <summary>Whether the caller is in the machine's own user namespace, whose root is root of all. linux/nsfs.h: its number never changes.</summary>
    public static bool IsInitialUser => Files.ReadLinkAt(Descriptor.WorkingDirectory, "/proc/self/ns/user") == "user:[4026531837]";

    /// <summary>Moves the thread into a namespace of that type, or with a pidfd into several of a process.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: it is of another type, or the caller is in it or has threads.</exception>
    public static void SetNs(SafeFileHandle target, NamespaceFlags type) => Check.Result(setns(target, type), $"setns({target}, {type})");

    /// <summary>Moves the thread into new namespaces. A new pid or time namespace is for its children only.</summary>
    public static void Unshare(NamespaceFlags flags) => Check.Result(unshare(flags), $"unshare({flags})");

    /// <summary>Which kind of namespace an open /proc/PID/ns file is.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENOTTY"/>: it is no namespace at all.</exception>
    public static NamespaceFlags TypeOf(SafeFileHandle target)
        => (NamespaceFlags)Check.Result(ioctl(target, NS_GET_NSTYPE, 0), $"ioctl({target}, NS_GET_NSTYPE)");

    /// <summary>The user namespace that owns a namespace.</summary>
    public static SafeFileHandle OwnerOf(SafeFileHandle target)
        => Check.Handle(ioctl(target, NS_GET_USERNS, 0), $"ioctl({target}, NS_GET_USERNS)");

    /// <summary>The parent of a pid or user namespace.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: it lies beyond the caller's own.</exception>
    public static SafeFileHandle ParentOf(SafeFileHandle target)
        => Check.Handle(ioctl(target, NS_GET_PARENT, 0), $"ioctl({target}, NS_GET_PARENT)");

    /// <summary>The uid, as the caller sees it, that made a user namespace.</summary>
    public static unsafe uint OwnerUidOf(SafeFileHandle target)
    {
        uint uid = 0;
        Check.Result(ioctl(target, NS_GET_OWNER_UID, (nint)(&uid)), $"ioctl({target}, NS_GET_OWNER_UID)");
        return uid;
    }

    /// <summary>Names this UTS namespace; at most 64 bytes.</summary>
    public static void SetHostName(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        Check.Result(sethostname(bytes, bytes.Length), $"sethostname({name}, {bytes.Length})");
    }

    /// <summary>Names this UTS namespace's NIS domain; at most 64 bytes.</summary>
    public static void SetDomainName(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        Check.Result(setdomainname(bytes, bytes.Length), $"setdomainname({name}, {bytes.Length})");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(SafeFileHandle target, NamespaceFlags type);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(NamespaceFlags flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle target, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sethostname(ReadOnlySpan<byte> name, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setdomainname(ReadOnlySpan<byte> name, nint length);
}
