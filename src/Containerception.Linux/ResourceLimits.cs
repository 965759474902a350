using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>What is limited, spelled as in sys/resource.h. The values are the generic ones of x86-64 and arm64.</summary>
public enum RlimitResource
{
    RLIMIT_CPU = 0,
    RLIMIT_FSIZE = 1,
    RLIMIT_DATA = 2,
    RLIMIT_STACK = 3,
    RLIMIT_CORE = 4,
    RLIMIT_RSS = 5,
    RLIMIT_NPROC = 6,
    RLIMIT_NOFILE = 7,
    RLIMIT_MEMLOCK = 8,
    RLIMIT_AS = 9,
    RLIMIT_LOCKS = 10,
    RLIMIT_SIGPENDING = 11,
    RLIMIT_MSGQUEUE = 12,
    RLIMIT_NICE = 13,
    RLIMIT_RTPRIO = 14,
    RLIMIT_RTTIME = 15,
}

/// <summary>struct rlimit64: the limit in force, and how far it may be raised. <see cref="Infinity"/> is none.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct ResourceLimit(ulong Soft, ulong Hard)
{
    /// <summary>RLIM_INFINITY.</summary>
    public const ulong Infinity = ulong.MaxValue;

    public override string ToString() => $"{{rlim_cur={Word(Soft)}, rlim_max={Word(Hard)}}}";

    private static string Word(ulong limit)
        => limit == Infinity ? "RLIM_INFINITY" : limit.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>prlimit(2): what a process may use up.</summary>
public static unsafe partial class ResourceLimits
{
    // By their numbers. The enumeration would tell them too, but that is reflection, which every container would wait for.
    private static readonly string[] Names =
    [
        "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
    ];

    /// <summary>The limit of a process, 0 being the caller.</summary>
    public static ResourceLimit Get(int pid, RlimitResource resource)
    {
        ResourceLimit limit = default;
        Check.Result(prlimit64(pid, resource, null, &limit), $"prlimit64({pid}, {resource}, NULL)");
        return limit;
    }

    /// <summary>Sets a limit of a process, 0 being the caller.</summary>
    /// <exception cref="LinuxException">
    /// <see cref="Errno.EPERM"/>: raised above the hard limit without CAP_SYS_RESOURCE, or files above fs.nr_open;
    /// <see cref="Errno.EINVAL"/>: the soft limit is above the hard one.
    /// </exception>
    public static void Set(int pid, RlimitResource resource, ResourceLimit limit)
        => Check.Result(prlimit64(pid, resource, &limit, null), $"prlimit64({pid}, {resource}, {limit}, NULL)");

    /// <summary>A resource from its name: RLIMIT_NOFILE, or in either case without the prefix. Null when there is none such.</summary>
    public static RlimitResource? Parse(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> name = text.StartsWith("RLIMIT_", StringComparison.Ordinal) ? text[7..] : text;
        for (int resource = 0; resource < Names.Length; resource++)
        {
            if (name.Equals(Names[resource], StringComparison.OrdinalIgnoreCase))
            {
                return (RlimitResource)resource;
            }
        }

        return null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prlimit64(int pid, RlimitResource resource, ResourceLimit* limit, ResourceLimit* previous);
}
