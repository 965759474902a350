using System.Globalization;
using System.Text.Json;

namespace Containerception.Probe;

/// <summary>What a process can find out about itself: each answer is one JSON document.</summary>
internal static unsafe class Questions
{
    // capabilities(7), in the order of linux/capability.h.
    private static readonly string[] CapabilityNames =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
        "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    // getrlimit(2), in the order of asm-generic/resource.h.
    private static readonly string[] LimitNames =
    [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
        "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ];

    public static int Capabilities() => Answer.Json(json =>
    {
        json.WriteStartObject();
        foreach ((string set, string field) in (ReadOnlySpan<(string, string)>)[("bounding", "CapBnd"), ("effective", "CapEff"),
            ("permitted", "CapPrm"), ("inheritable", "CapInh"), ("ambient", "CapAmb")])
        {
            ulong bits = ulong.Parse(Status(field), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            json.WriteStartArray(set);
            for (int bit = 0; bit < 64; bit++)
            {
                if ((bits >> bit & 1) == 1)
                {
                    json.WriteStringValue(bit < CapabilityNames.Length ? CapabilityNames[bit] : $"CAP_{bit}");
                }
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    });

    public static int Ids() => Answer.Json(json =>
    {
        json.WriteStartObject();
        WriteNumbers(json, "uid", Status("Uid"));
        WriteNumbers(json, "gid", Status("Gid"));
        WriteNumbers(json, "groups", Status("Groups"));
        json.WriteString("uidMap", File.ReadAllText("/proc/self/uid_map").Trim());
        json.WriteString("gidMap", File.ReadAllText("/proc/self/gid_map").Trim());
        json.WriteString("setgroups", File.ReadAllText("/proc/self/setgroups").Trim());
        json.WriteEndObject();
    });

    public static int Environment() => Answer.Json(json =>
    {
        json.WriteStartArray();
        foreach (string entry in File.ReadAllText("/proc/self/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            json.WriteStringValue(entry);
        }

        json.WriteEndArray();
    });

    public static int Arguments(ReadOnlySpan<string> words)
    {
        string[] copy = words.ToArray();
        return Answer.Json(json => WriteStrings(json, null, copy));
    }

    public static int Mounts() => Answer.Json(json =>
    {
        json.WriteStartArray();
        foreach (string line in File.ReadAllLines("/proc/self/mountinfo"))
        {
            // 36 35 98:0 /root /point options [tags...] - type source super-options
            string[] halves = line.Split(" - ", 2);
            string[] left = halves[0].Split(' ');
            string[] right = halves[1].Split(' ');
            json.WriteStartObject();
            json.WriteString("root", left[3]);
            json.WriteString("point", left[4]);
            WriteStrings(json, "options", left[5].Split(','));
            WriteStrings(json, "propagation", left[6..]);
            json.WriteString("type", right[0]);
            json.WriteString("source", right[1]);
            WriteStrings(json, "super", right[2].Split(','));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static int Limits() => Answer.Json(json =>
    {
        ulong* limits = stackalloc ulong[2];
        json.WriteStartObject();
        for (int resource = 0; resource < LimitNames.Length; resource++)
        {
            _ = Libc.getrlimit(resource, limits);
            json.WriteStartObject(LimitNames[resource]);
            json.WriteNumber("soft", limits[0]);
            json.WriteNumber("hard", limits[1]);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    });

    public static int Namespaces() => Answer.Json(json =>
    {
        json.WriteStartObject();
        foreach (string link in Directory.GetFiles("/proc/self/ns").Order(StringComparer.Ordinal))
        {
            json.WriteString(Path.GetFileName(link), new FileInfo(link).LinkTarget);
        }

        json.WriteEndObject();
    });

    public static int Descriptors() => Answer.Json(json =>
    {
        json.WriteStartObject();
        foreach (string link in Directory.GetFileSystemEntries("/proc/self/fd").OrderBy(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)))
        {
            // The descriptor that listed the folder is closed again, and has no target.
            if (new FileInfo(link).LinkTarget is { } target)
            {
                json.WriteString(Path.GetFileName(link), target);
            }
        }

        json.WriteEndObject();
    });

    public static int Terminal() => Answer.Json(json =>
    {
        ushort* size = stackalloc ushort[4];
        json.WriteStartObject();
        json.WriteBoolean("stdin", Libc.isatty(0) == 1);
        json.WriteBoolean("stdout", Libc.isatty(1) == 1);
        json.WriteBoolean("stderr", Libc.isatty(2) == 1);
        json.WriteString("name", new FileInfo("/proc/self/fd/0").LinkTarget);
        json.WriteBoolean("controlling", File.Exists("/dev/tty") && Libc.open("/dev/tty", Libc.O_RDWR, 0) >= 0);
        if (Libc.ioctl(0, Libc.TIOCGWINSZ, size) == 0)
        {
            json.WriteNumber("rows", size[0]);
            json.WriteNumber("columns", size[1]);
        }

        json.WriteEndObject();
    });

    public static int Scheduling() => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("policy", Libc.sched_getscheduler(0));
        json.WriteNumber("nice", Libc.getpriority(0, 0));
        json.WriteString("cpus", Status("Cpus_allowed_list"));
        json.WriteString("mems", Status("Mems_allowed_list"));
        json.WriteEndObject();
    });

    public static int Umask() => Answer.Line(Convert.ToString(Libc.umask(0), 8).PadLeft(4, '0'));

    /// <summary>One field of /proc/self/status.</summary>
    public static string Status(string field)
        => File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal))[(field.Length + 1)..].Trim();

    private static void WriteNumbers(Utf8JsonWriter json, string name, string words)
    {
        json.WriteStartArray(name);
        foreach (string word in words.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            json.WriteNumberValue(long.Parse(word, CultureInfo.InvariantCulture));
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string? name, IEnumerable<string> words)
    {
        if (name is null)
        {
            json.WriteStartArray();
        }
        else
        {
            json.WriteStartArray(name);
        }

        foreach (string word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }
}
