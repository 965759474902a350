using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>What a container's configuration depends on beside the request.</summary>
/// <param name="HeldCapabilities">CapBnd of this process, as bits.</param>
/// <param name="Kernel">Its version.</param>
/// <param name="HasCgroups">A cgroup hierarchy is mounted on /sys/fs/cgroup.</param>
/// <param name="Processors">How many.</param>
/// <param name="IsRoot">The caller may make any namespace without a user namespace.</param>
/// <param name="MakesCgroups">The caller may make groups anywhere, and not only below its own when that was handed to it: root, where he may write them.</param>
internal sealed record Machine(ulong HeldCapabilities, Version Kernel, bool HasCgroups, int Processors, bool IsRoot, bool MakesCgroups)
{
    private const string Cgroups = "/sys/fs/cgroup";

    /// <summary>The caller is a plain user whose own systemd is asked for the container's groups.</summary>
    public bool AsksSystemd { get; private init; }

    /// <summary>What runs in the container can be given groups to divide.</summary>
    public bool HandsOnCgroups => MakesCgroups || AsksSystemd;

    public static Machine Ask(RuntimeProgram runtime) => Ask() with { AsksSystemd = MayAskSystemd(runtime) };

    /// <summary>Whether groups of the runtime's containers are made by the user's own systemd.</summary>
    public static bool MayAskSystemd(RuntimeProgram runtime) => runtime.IsSupervisor && PlainUser.HasSystemd;

    public static Machine Ask()
    {
        bool hasCgroups = Directory.Exists(Cgroups) && Directory.EnumerateFileSystemEntries(Cgroups).Any();
        bool isRoot = Environment.IsPrivilegedProcess;
        return new Machine(
            Capabilities.Held(), Environment.OSVersion.Version, hasCgroups, Environment.ProcessorCount, isRoot,
            hasCgroups && isRoot && !PlainUser.IsRootOfHisOwn && MayMakeGroups());
    }

    /// <summary>The caller may make network namespaces, and interfaces in its own.</summary>
    public bool CanConnect => IsRoot && new[] { Capability.CAP_NET_ADMIN, Capability.CAP_SYS_ADMIN }.All(needed => (HeldCapabilities & (1UL << (int)needed)) != 0);

    /// <summary>The status of a device node of the host.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>, or <see cref="FailureKind.Invalid"/> for what is no device.</exception>
    public static FileStatus DeviceNode(string path, string flag)
    {
        FileStatus status = FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None)
            ?? throw new EngineException(FailureKind.NotFound, $"{flag}: no such device on this machine: {path}");
        return status.Type is FileType.S_IFBLK or FileType.S_IFCHR
            ? status
            : throw EngineException.Invalid($"{flag}: {path} is not a device node");
    }

    /// <summary>
    /// docker and podman show a container its groups read-only, and root of a user namespace has those that were handed to him: all of version 2, or a mount
    /// for each controller of version 1. There what the directory around them says does not count.
    /// </summary>
    private static bool MayMakeGroups()
        => File.Exists(Cgroups + "/cgroup.controllers") ? Files.MayWrite(Cgroups + "/cgroup.procs") : Directory.EnumerateDirectories(Cgroups).All(Files.MayWrite);
}
