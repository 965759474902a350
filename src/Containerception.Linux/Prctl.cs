using System.Runtime.InteropServices;
using System.Text;

namespace Containerception.Linux;

/// <summary>prctl(2) operations, spelled as in linux/prctl.h.</summary>
public enum PrctlOption
{
    None = 0,
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_CAPBSET_DROP = 24,
    PR_GET_SECUREBITS = 27,
    PR_SET_SECUREBITS = 28,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_SET_THP_DISABLE = 41,
    PR_CAP_AMBIENT = 47,
}

/// <summary>What PR_CAP_AMBIENT does, spelled as in linux/prctl.h.</summary>
public enum AmbientOperation
{
    None = 0,
    PR_CAP_AMBIENT_IS_SET = 1,
    PR_CAP_AMBIENT_RAISE = 2,
    PR_CAP_AMBIENT_LOWER = 3,
    PR_CAP_AMBIENT_CLEAR_ALL = 4,
}

/// <summary>How uid 0 and capabilities go together, spelled as in linux/securebits.h.</summary>
[Flags]
public enum SecureBits
{
    None = 0,
    SECBIT_NOROOT = 1 << 0,
    SECBIT_NOROOT_LOCKED = 1 << 1,
    SECBIT_NO_SETUID_FIXUP = 1 << 2,
    SECBIT_NO_SETUID_FIXUP_LOCKED = 1 << 3,
    SECBIT_KEEP_CAPS = 1 << 4,
    SECBIT_KEEP_CAPS_LOCKED = 1 << 5,
    SECBIT_NO_CAP_AMBIENT_RAISE = 1 << 6,
    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED = 1 << 7,
}

/// <summary>prctl(2): of the thread, but for dumpable and the subreaper, which are the process's.</summary>
public static unsafe partial class Prctl
{
    private const int NameBytes = 16;

    /// <summary>Whether /proc/PID belongs to root, and nobody else may trace the process: yes when false. See PR_SET_DUMPABLE.</summary>
    public static bool IsDumpable
    {
        get => Get(PrctlOption.PR_GET_DUMPABLE) == 1;
        set => Set(PrctlOption.PR_SET_DUMPABLE, value);
    }

    /// <summary>What the kernel sends when the thread that is the parent ends; cleared by setuid programs and changes of credentials.</summary>
    public static Signal ParentDeathSignal
    {
        get
        {
            int signal = 0;
            Check.Result(prctl(PrctlOption.PR_GET_PDEATHSIG, (nint)(&signal), 0, 0, 0), $"prctl({PrctlOption.PR_GET_PDEATHSIG})");
            return (Signal)signal;
        }

        set => Check.Result(prctl(PrctlOption.PR_SET_PDEATHSIG, (nint)value, 0, 0, 0), $"prctl({PrctlOption.PR_SET_PDEATHSIG}, {value})");
    }

    /// <summary>Whether orphans among the descendants become children of this process.</summary>
    public static bool IsChildSubreaper
    {
        get
        {
            int subreaper = 0;
            Check.Result(prctl(PrctlOption.PR_GET_CHILD_SUBREAPER, (nint)(&subreaper), 0, 0, 0), $"prctl({PrctlOption.PR_GET_CHILD_SUBREAPER})");
            return subreaper != 0;
        }

        set => Set(PrctlOption.PR_SET_CHILD_SUBREAPER, value);
    }

    /// <summary>execve(2) grants nothing more: no setuid, no file capabilities. Cannot be taken back.</summary>
    public static bool NoNewPrivileges
    {
        get => Get(PrctlOption.PR_GET_NO_NEW_PRIVS) == 1;
        set => Set(PrctlOption.PR_SET_NO_NEW_PRIVS, value);
    }

    /// <summary>Permitted capabilities stay when all uids become other than 0, until execve(2).</summary>
    public static bool KeepsCapabilities
    {
        get => Get(PrctlOption.PR_GET_KEEPCAPS) == 1;
        set => Set(PrctlOption.PR_SET_KEEPCAPS, value);
    }

    /// <summary>How uid 0 and capabilities go together. See capabilities(7).</summary>
    public static SecureBits SecureBits
    {
        get => (SecureBits)Get(PrctlOption.PR_GET_SECUREBITS);
        set => Check.Result(prctl(PrctlOption.PR_SET_SECUREBITS, (nint)value, 0, 0, 0), $"prctl({PrctlOption.PR_SET_SECUREBITS}, {value})");
    }

    /// <summary>The thread's name, in /proc/PID/comm; 15 bytes are kept.</summary>
    public static string Name
    {
        get
        {
            Span<byte> name = stackalloc byte[NameBytes];
            fixed (byte* pointer = name)
            {
                Check.Result(prctl(PrctlOption.PR_GET_NAME, (nint)pointer, 0, 0, 0), $"prctl({PrctlOption.PR_GET_NAME})");
            }

            return KernelText.Read(name);
        }

        set
        {
            // The kernel reads 16 bytes and puts a NUL into the last of its copy.
            byte[] name = new byte[Encoding.UTF8.GetMaxByteCount(value.Length) + NameBytes];
            Encoding.UTF8.GetBytes(value, name);
            fixed (byte* pointer = name)
            {
                Check.Result(prctl(PrctlOption.PR_SET_NAME, (nint)pointer, 0, 0, 0), $"prctl({PrctlOption.PR_SET_NAME}, {value})");
            }
        }
    }

    /// <summary>Whether a capability is in the bounding set; null when the kernel does not know the capability.</summary>
    public static bool? IsInBoundingSet(Capability capability)
    {
        int result = prctl(PrctlOption.PR_CAPBSET_READ, (nint)capability, 0, 0, 0);
        return result < 0 && Check.LastErrno == Errno.EINVAL
            ? null
            : Check.Result(result, $"prctl({PrctlOption.PR_CAPBSET_READ}, {capability})") == 1;
    }

    /// <summary>Takes a capability out of the bounding set of the thread, for good.</summary>
    public static void DropFromBoundingSet(Capability capability)
        => Check.Result(prctl(PrctlOption.PR_CAPBSET_DROP, (nint)capability, 0, 0, 0), $"prctl({PrctlOption.PR_CAPBSET_DROP}, {capability})");

    /// <summary>Whether a capability is ambient: kept through execve(2) of ordinary programs.</summary>
    public static bool IsAmbient(Capability capability)
        => Ambient(AmbientOperation.PR_CAP_AMBIENT_IS_SET, capability) == 1;

    /// <summary>Makes a capability ambient that is permitted and inheritable.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: it is not both.</exception>
    public static void RaiseAmbient(Capability capability) => Ambient(AmbientOperation.PR_CAP_AMBIENT_RAISE, capability);

    /// <summary>Makes no capability ambient.</summary>
    public static void ClearAmbient()
        => Check.Result(prctl(PrctlOption.PR_CAP_AMBIENT, (nint)AmbientOperation.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
            $"prctl({PrctlOption.PR_CAP_AMBIENT}, {AmbientOperation.PR_CAP_AMBIENT_CLEAR_ALL}, 0, 0, 0)");

    private static int Ambient(AmbientOperation operation, Capability capability)
        => Check.Result(prctl(PrctlOption.PR_CAP_AMBIENT, (nint)operation, (nint)capability, 0, 0),
            $"prctl({PrctlOption.PR_CAP_AMBIENT}, {operation}, {capability}, 0, 0)");

    private static int Get(PrctlOption option) => Check.Result(prctl(option, 0, 0, 0, 0), $"prctl({option}, 0, 0, 0, 0)");

    private static void Set(PrctlOption option, bool value)
        => Check.Result(prctl(option, value ? 1 : 0, 0, 0, 0), $"prctl({option}, {(value ? 1 : 0)}, 0, 0, 0)");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(PrctlOption option, nint second, nint third, nint fourth, nint fifth);
}
