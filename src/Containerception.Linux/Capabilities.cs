using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Capabilities, spelled as in linux/capability.h.</summary>
public enum Capability
{
    CAP_CHOWN = 0,
    CAP_DAC_OVERRIDE = 1,
    CAP_DAC_READ_SEARCH = 2,
    CAP_FOWNER = 3,
    CAP_FSETID = 4,
    CAP_KILL = 5,
    CAP_SETGID = 6,
    CAP_SETUID = 7,
    CAP_SETPCAP = 8,
    CAP_LINUX_IMMUTABLE = 9,
    CAP_NET_BIND_SERVICE = 10,
    CAP_NET_BROADCAST = 11,
    CAP_NET_ADMIN = 12,
    CAP_NET_RAW = 13,
    CAP_IPC_LOCK = 14,
    CAP_IPC_OWNER = 15,
    CAP_SYS_MODULE = 16,
    CAP_SYS_RAWIO = 17,
    CAP_SYS_CHROOT = 18,
    CAP_SYS_PTRACE = 19,
    CAP_SYS_PACCT = 20,
    CAP_SYS_ADMIN = 21,
    CAP_SYS_BOOT = 22,
    CAP_SYS_NICE = 23,
    CAP_SYS_RESOURCE = 24,
    CAP_SYS_TIME = 25,
    CAP_SYS_TTY_CONFIG = 26,
    CAP_MKNOD = 27,
    CAP_LEASE = 28,
    CAP_AUDIT_WRITE = 29,
    CAP_AUDIT_CONTROL = 30,
    CAP_SETFCAP = 31,
    CAP_MAC_OVERRIDE = 32,
    CAP_MAC_ADMIN = 33,
    CAP_SYSLOG = 34,
    CAP_WAKE_ALARM = 35,
    CAP_BLOCK_SUSPEND = 36,
    CAP_AUDIT_READ = 37,
    CAP_PERFMON = 38,
    CAP_BPF = 39,
    CAP_CHECKPOINT_RESTORE = 40,
}

/// <summary>A set of capabilities as the kernel keeps it: bit n is capability n.</summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is the kernel's word; there is nothing to enumerate.")]
public readonly record struct CapabilitySet(ulong Bits)
{
    public static CapabilitySet Empty => default;

    public static CapabilitySet Of(params ReadOnlySpan<Capability> capabilities)
    {
        ulong bits = 0;
        foreach (Capability capability in capabilities)
        {
            bits |= 1UL << (int)capability;
        }

        return new CapabilitySet(bits);
    }

    public bool Contains(Capability capability) => (Bits & (1UL << (int)capability)) != 0;

    public CapabilitySet With(Capability capability) => new(Bits | (1UL << (int)capability));

    public CapabilitySet Without(Capability capability) => new(Bits & ~(1UL << (int)capability));

    public override string ToString() => $"0x{Bits:x16}";
}

/// <summary>The three sets of capget(2). The bounding and the ambient set are <see cref="Prctl"/>'s.</summary>
public readonly record struct ThreadCapabilities(CapabilitySet Effective, CapabilitySet Permitted, CapabilitySet Inheritable);

/// <summary>capabilities(7) of a thread: capget(2), capset(2), and their names.</summary>
public static unsafe partial class Capabilities
{
    private const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;
    private const int HighestBit = 63;

    // By their numbers. The enumeration would tell them too, but that is reflection, which every container would wait for.
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
        "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
        "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>All that this kernel knows, found by asking for each: /proc may not be there.</summary>
    public static CapabilitySet OfThisKernel()
    {
        int last = (int)Capability.CAP_CHECKPOINT_RESTORE;
        while (last < HighestBit && Prctl.IsInBoundingSet((Capability)(last + 1)) is not null)
        {
            last++;
        }

        while (last > 0 && Prctl.IsInBoundingSet((Capability)last) is null)
        {
            last--;
        }

        return new CapabilitySet(ulong.MaxValue >> (HighestBit - last));
    }

    /// <summary>The sets of a thread, 0 being the caller.</summary>
    public static ThreadCapabilities Get(int thread = 0)
    {
        CapHeader header = new() { version = _LINUX_CAPABILITY_VERSION_3, pid = thread };
        CapData* data = stackalloc CapData[2];
        Check.Result(capget(SyscallNumbers.SYS_capget, &header, data), $"capget({{_LINUX_CAPABILITY_VERSION_3, {thread}}})");
        return new ThreadCapabilities(
            new CapabilitySet(data[0].effective | ((ulong)data[1].effective << 32)),
            new CapabilitySet(data[0].permitted | ((ulong)data[1].permitted << 32)),
            new CapabilitySet(data[0].inheritable | ((ulong)data[1].inheritable << 32)));
    }

    /// <summary>Sets the caller's own sets.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: more than it may have.</exception>
    public static void Set(ThreadCapabilities sets)
    {
        CapHeader header = new() { version = _LINUX_CAPABILITY_VERSION_3 };
        CapData* data = stackalloc CapData[2];
        data[0] = CapData.Low(sets);
        data[1] = CapData.High(sets);
        Check.Result(capset(SyscallNumbers.SYS_capset, &header, data),
            $"capset({{_LINUX_CAPABILITY_VERSION_3, 0}}, {{effective={sets.Effective}, permitted={sets.Permitted}, inheritable={sets.Inheritable}}})");
    }

    /// <summary>A capability from its name: CAP_CHOWN, cap_chown, chown. Null when there is none such.</summary>
    public static Capability? Parse(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> name = text.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? text[4..] : text;
        for (int value = 0; value < Names.Length; value++)
        {
            if (name.Equals(Names[value], StringComparison.OrdinalIgnoreCase))
            {
                return (Capability)value;
            }
        }

        return null;
    }

    // No libc symbols: those of libcap are a library of its own.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint capget(long number, CapHeader* header, CapData* data);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint capset(long number, CapHeader* header, CapData* data);
}

/// <summary>struct __user_cap_header_struct of linux/capability.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CapHeader
{
    public uint version;
    public int pid;
}

/// <summary>struct __user_cap_data_struct of linux/capability.h; capset(2) takes two, the low and the high halves.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CapData
{
    public uint effective;
    public uint permitted;
    public uint inheritable;

    public static CapData Low(ThreadCapabilities sets) => new()
    {
        effective = (uint)sets.Effective.Bits,
        permitted = (uint)sets.Permitted.Bits,
        inheritable = (uint)sets.Inheritable.Bits,
    };

    public static CapData High(ThreadCapabilities sets) => new()
    {
        effective = (uint)(sets.Effective.Bits >> 32),
        permitted = (uint)(sets.Permitted.Bits >> 32),
        inheritable = (uint)(sets.Inheritable.Bits >> 32),
    };
}
