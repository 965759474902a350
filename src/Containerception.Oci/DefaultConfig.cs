using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What <c>spec</c> writes: a shell with few privileges, the same document as <c>runc spec</c> of runc 1.3.</summary>
public static class DefaultConfig
{
    private static readonly ImmutableArray<string> Few = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

    /// <param name="cgroupNamespace">Add a cgroup namespace, as runc does on a machine with cgroup v2 alone.</param>
    public static RuntimeConfig Create(bool cgroupNamespace = false) => new()
    {
        OciVersion = "1.2.1",
        Process = new ProcessConfig
        {
            Terminal = true,
            Args = ["sh"],
            Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            Cwd = "/",
            Capabilities = new CapabilitiesConfig { Bounding = Few, Effective = Few, Permitted = Few },
            Rlimits = [new RlimitConfig { Type = "RLIMIT_NOFILE", Hard = 1024, Soft = 1024 }],
            NoNewPrivileges = true,
        },
        Root = new RootConfig { Path = "rootfs", Readonly = true },
        Hostname = "runc",
        Mounts =
        [
            Mount("/proc", "proc", "proc"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
            Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
            Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        ],
        Linux = new LinuxConfig
        {
            Resources = new LinuxResources { Devices = [new DeviceRule { Allow = false, Access = "rwm" }] },
            Namespaces = [.. Namespaces("pid", "network", "ipc", "uts", "mount"), .. cgroupNamespace ? Namespaces("cgroup") : []],
            MaskedPaths =
            [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
            ],
            ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    };

    /// <summary>The same for a caller without privileges: its own user as root, its network, no limits.</summary>
    public static RuntimeConfig CreateRootless(uint uid, uint gid, bool cgroupNamespace = false)
    {
        RuntimeConfig config = Create(cgroupNamespace);
        return config with
        {
            Mounts = [.. config.Mounts.Select(ForOneUser)],
            Linux = config.Linux! with
            {
                Resources = null,
                UidMappings = [new IdMapping { HostId = uid, Size = 1 }],
                GidMappings = [new IdMapping { HostId = gid, Size = 1 }],
                Namespaces = [.. config.Linux.Namespaces.Where(ns => ns.Type != "network"), .. Namespaces("user")],
            },
        };
    }

    // sysfs belongs to the network namespace, which stays the host's; a gid that is not mapped cannot be given.
    private static MountConfig ForOneUser(MountConfig mount) => mount.Destination == "/sys"
        ? Mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro")
        : mount with { Options = [.. mount.Options.Where(option => !option.StartsWith("gid=", StringComparison.Ordinal))] };

    private static MountConfig Mount(string destination, string type, string source, params ImmutableArray<string> options)
        => new() { Destination = destination, Type = type, Source = source, Options = options };

    private static IEnumerable<NamespaceConfig> Namespaces(params IEnumerable<string> types)
        => types.Select(type => new NamespaceConfig { Type = type });
}
