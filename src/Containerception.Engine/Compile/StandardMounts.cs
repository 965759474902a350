using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>What docker mounts in every container, and which files of the kernel it hides or makes read-only there.</summary>
internal static class StandardMounts
{
    private const long ShmSizeDefault = 64 << 20;

    /// <summary>Files of the kernel that say too much or do too much.</summary>
    public static ImmutableArray<string> MaskedPaths { get; } =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    /// <summary>Files of the kernel that change the whole machine.</summary>
    public static ImmutableArray<string> ReadonlyPaths { get; } =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public static IEnumerable<MountConfig> For(RunRequest request, bool hasCgroups)
    {
        NamespacesRequest own = request.Namespaces;
        string writable = request.Privileged ? "rw" : "ro";

        // Without a process namespace of its own the container sees the host's processes: that is what --pid host is for. The kernel
        // gives a fresh proc or sysfs only to who owns the namespace; with a user namespace and another's network sysfs is bound.
        yield return Kernel("proc", "/proc", "nosuid", "noexec", "nodev");
        yield return Kernel("tmpfs", "/dev", "nosuid", "strictatime", "mode=755", "size=65536k");
        yield return Kernel("devpts", "/dev/pts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", .. OwnIds.AreSingle ? (string[])[] : ["gid=5"]]);
        yield return (own.OwnUser && request.Networking.Container is not null)
            || ((own.OwnUser || PlainUser.IsRootOfHisOwn) && !own.OwnNetwork)
            ? new MountConfig { Destination = "/sys", Type = "bind", Source = "/sys", Options = ["rbind", "nosuid", "noexec", "nodev", writable] }
            : Kernel("sysfs", "/sys", "nosuid", "noexec", "nodev", writable);
        if (hasCgroups)
        {
            yield return Kernel("cgroup", "/sys/fs/cgroup", "nosuid", "noexec", "nodev", "relatime", request.Nest ? "rw" : writable);
        }

        foreach (MountConfig mount in request.Nest ? Nesting.Mounts() : [])
        {
            yield return mount;
        }

        if (own.OwnIpc || Directory.Exists("/dev/mqueue"))
        {
            yield return own.OwnIpc ? Kernel("mqueue", "/dev/mqueue", "nosuid", "noexec", "nodev") : Bind("/dev/mqueue");
        }

        if (own.NoSharedMemory)
        {
            yield break;
        }

        yield return own.OwnIpc
            ? Kernel("tmpfs", "/dev/shm", "nosuid", "noexec", "nodev", "mode=1777",
                $"size={(request.ShmSizeBytes ?? ShmSizeDefault).ToString(CultureInfo.InvariantCulture)}") with
            { Source = "shm" }
            : Bind("/dev/shm");
    }

    private static MountConfig Kernel(string type, string destination, params ReadOnlySpan<string> options)
        => new() { Destination = destination, Type = type, Source = type, Options = [.. options] };

    private static MountConfig Bind(string path)
        => new() { Destination = path, Type = "bind", Source = path, Options = ["bind", "nosuid", "noexec", "nodev"] };
}
