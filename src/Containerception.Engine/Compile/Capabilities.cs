using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>Which of capabilities(7) a container gets.</summary>
internal static class Capabilities
{
    /// <summary>docker's fourteen: enough for what images usually do as root, and no way to the host.</summary>
    public static ImmutableArray<string> Default { get; } =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    // By number. linux/capability.h.
    private static readonly ImmutableArray<string> All =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
        "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
        "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
        "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    /// <summary>The set of a request, in the kernel's order. As docker has it, additions come first and ALL of one side yields to names of the other.</summary>
    /// <param name="request">Whose additions and droppings count.</param>
    /// <param name="held">The capabilities of the caller's bounding set: nobody can give what they do not have.</param>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: no such capability.</exception>
    public static ImmutableArray<string> Choose(RunRequest request, ulong held) => Choose(request, held, request.Nest ? Nesting.Capabilities : Default);

    /// <summary>The same, starting from another set.</summary>
    public static ImmutableArray<string> Choose(RunRequest request, ulong held, ImmutableArray<string> from)
    {
        HashSet<string> added = Named(request.CapabilitiesAdded, "--cap-add");
        HashSet<string> dropped = Named(request.CapabilitiesDropped, "--cap-drop");
        IEnumerable<string> all = All.Where((_, number) => (held & (1UL << number)) != 0);
        if (request.Privileged)
        {
            return [.. all.Where(name => !dropped.Contains(name) && !dropped.Contains("ALL"))];
        }

        bool HasIt(string name) => !dropped.Contains(name)
            && (added.Contains("ALL") || added.Contains(name) || (!dropped.Contains("ALL") && from.Contains(name)));

        return [.. all.Where(HasIt)];
    }

    /// <summary>CapBnd of this process.</summary>
    public static ulong Held()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("CapBnd:", StringComparison.Ordinal))
            {
                return Convert.ToUInt64(line[7..].Trim(), 16);
            }
        }

        return ulong.MaxValue;
    }

    private static HashSet<string> Named(ImmutableArray<string> names, string flag)
    {
        HashSet<string> result = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            string upper = name.ToUpperInvariant();
            string full = upper == "ALL" || upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : "CAP_" + upper;
            if (full != "ALL" && !All.Contains(full))
            {
                throw EngineException.Invalid($"{flag} {name}: unknown capability", "see capabilities(7), or use ALL");
            }

            result.Add(full);
        }

        return result;
    }
}
