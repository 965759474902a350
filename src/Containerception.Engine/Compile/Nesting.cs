using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>
/// <c>--nest</c>: what a container needs to make containers itself, as root of a user namespace that owns nothing outside. All of it stands here, each
/// with its reason, and <c>--explain</c> tells it.
/// </summary>
internal static class Nesting
{
    /// <summary>Where the programs are inside. Those of the image come after them in no PATH.</summary>
    public const string ProgramsDirectory = "/usr/local/bin";

    /// <summary>Where the engine inside keeps what it has.</summary>
    public const string StoreDirectory = "/var/lib/cdock";

    /// <summary>The group below the container's that is its own to divide.</summary>
    public const string InnerCgroup = "nest";

    // Owned by the machine's root, whoever looks.
    private const string OfTheMachinesRoot = "/proc/sys/kernel/core_pattern";
    private const string CoverDirectory = "/dev/.nest";
    private const string WritableByOwner = "/proc/sys";

    private static readonly string[] Programs = ["cdock", "ception"];

    private static readonly ImmutableArray<(string Name, string Why)> CapabilitiesAdded =
    [
        ("CAP_SYS_ADMIN", "to make namespaces and mounts; of this user namespace, and so of nothing that is outside"),
        ("CAP_NET_ADMIN", "to make bridges, interfaces and rules in its own network namespace"),
        ("CAP_SYS_PTRACE", "to read the namespaces of its own containers in /proc, and so to reach into them"),
    ];

    private static readonly ImmutableArray<string> Calls =
    [
        "clone", "clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "setdomainname", "sethostname",
        "setns", "umount2", "unshare",
    ];

    // Runtimes start a session keyring, fail where they may not, and go without on a kernel without keys. Keys belong to ids and not to namespaces: who might
    // change permissions by keyctl(2) could change those of each level that has the same ids.
    private static readonly SeccompSyscall NoKeys = new() { Names = ["keyctl"], Action = "SCMP_ACT_ERRNO", ErrnoRet = (uint)Errno.ENOSYS };

    /// <summary>The request with what nesting implies.</summary>
    /// <exception cref="EngineException">It contradicts nesting.</exception>
    public static RunRequest Implied(RunRequest request, RuntimeProgram runtime)
    {
        if (!request.Nest)
        {
            return request;
        }

        Refuse(request.Privileged, "--privileged", "would give it the machine");
        Refuse(!request.Namespaces.OwnPid || request.Namespaces.PidOf is not null, "--pid", "shows it processes that are not its own");
        Refuse(
            !request.Namespaces.OwnNetwork || request.Networking.Mode is "host" || request.Networking.Container is not null,
            "--network host or container:NAME", "is a network that its root may not change");
        Refuse(!request.Namespaces.OwnCgroup, "--cgroupns host", "shows it groups that are not its own");
        Refuse(request.Namespaces.Only is not null, "--isolate", "leaves namespaces out that it needs");
        Refuse(request.Root is RootRequest.OciBundle, "--bundle", "says itself what the container may do");
        Refuse(
            IsVersion1 && !(request.Limits.DeviceReadBps.IsEmpty && request.Limits.DeviceWriteBps.IsEmpty && request.Limits.DeviceReadIops.IsEmpty && request.Limits.DeviceWriteIops.IsEmpty),
            "--device-read-bps and its like", "hold on cgroup v1 for one group alone, and not for those that it makes");
        if (request.ShareImages && SharedImages.AreHere)
        {
            throw new EngineException(
                FailureKind.Unsupported, "--nest=share-images: some images here are of the engine outside already, and are shared no further",
                "--nest without it; import or pull what the container needs");
        }

        if (UserRange.IsKept && FileStatuses.TryStatx(Descriptor.WorkingDirectory, OfTheMachinesRoot, AtFlags.None) is { Uid: 0 })
        {
            throw new EngineException(
                FailureKind.Unsupported, "--nest: root of this user namespace is the machine's root, and its containers would be too", "give the outer container ids of its own");
        }

        return runtime.IsSupervisor
            ? request with
            {
                Namespaces = request.Namespaces with { OwnUser = true },

                // The image `host` has the programs by itself.
                Mounts = [.. request.Root is RootRequest.Host ? [] : ProgramMounts(), new MountRequest("volume", null, StoreDirectory, ["rbind", "rprivate"]), .. request.Mounts],
            }
            : throw new EngineException(FailureKind.Unsupported, $"--nest needs the runtime ception, and not {runtime.Path}", "leave --runtime out");
    }

    private static bool IsVersion1 => !File.Exists("/sys/fs/cgroup/cgroup.controllers");

    /// <summary>Capabilities of every container that nests.</summary>
    public static ImmutableArray<string> Capabilities { get; } = [.. Engine.Capabilities.Default, .. CapabilitiesAdded.Select(one => one.Name)];

    /// <summary>
    /// The kernel gives a new proc or sysfs in a user namespace only to who can see one with nothing mounted over it, and those of a container have
    /// covers. It looks at the list of mounts, so one below a cover is enough.
    /// </summary>
    public static IEnumerable<MountConfig> Mounts()
    {
        yield return new MountConfig { Destination = CoverDirectory + "/proc", Type = "proc", Source = "proc", Options = ["nosuid", "noexec", "nodev"] };
        yield return new MountConfig { Destination = CoverDirectory + "/sys", Type = "sysfs", Source = "sysfs", Options = ["nosuid", "noexec", "nodev", "ro"] };
        yield return new MountConfig { Destination = CoverDirectory, Type = "tmpfs", Source = "cover", Options = ["nosuid", "noexec", "nodev", "ro", "mode=0", "size=4k"] };
    }

    /// <summary>What stays read-only.</summary>
    public static ImmutableArray<string> ReadonlyPaths(ImmutableArray<string> paths) => paths.Remove(WritableByOwner);

    /// <summary>docker's filter for who has none of the capabilities that nesting adds, and the calls that make containers; of keyctl another errno.</summary>
    public static SeccompConfig Allowing(SeccompConfig filter) => filter with
    {
        Json = default,
        Syscalls =
        [
            .. filter.Syscalls.Select(rule => rule with { Names = [.. rule.Names.Except(Calls)] }).Where(rule => !rule.Names.IsEmpty),
            new SeccompSyscall { Names = Calls, Action = "SCMP_ACT_ALLOW" },
            NoKeys,
        ],
    };

    /// <summary>All that is relaxed, for <c>--explain</c>: it is done by what the configuration says, and is told here.</summary>
    /// <param name="request">With <see cref="RunRequest.Nest"/>.</param>
    /// <param name="machine">Where it runs.</param>
    public static IEnumerable<PreparationStep> Steps(RunRequest request, Machine machine)
    {
        if (!request.Nest)
        {
            yield break;
        }

        foreach ((string name, string why) in CapabilitiesAdded)
        {
            yield return Told($"nest: give {name}", why, "process.capabilities");
        }

        yield return Told(
            $"nest: allow {string.Join(", ", Calls)}", "containers are made by these calls; each asks for a capability of the user namespace", "linux.seccomp");
        if (!UserRange.IsKept)
        {
            yield return Told(
                "nest: leave it to its root whether mounts are read-only", "who may mount may change that of mounts that are his; what others own stays closed to him", "process.capabilities");
        }

        yield return Told(
            $"nest: leave {WritableByOwner} writable", "a bridge needs net.ipv4.ip_forward; the kernel lets this root write its own namespaces' parameters, and none of the machine's",
            "linux.readonlyPaths");
        yield return Told(
            $"nest: mount proc and sysfs once more, covered, below {CoverDirectory}",
            "the kernel gives a new one only to who has one without covers; those at /proc and /sys keep theirs", "mounts");
        yield return machine.HandsOnCgroups
            ? Told(
                "nest: make the cgroups writable, from a group below the container's own on", "its containers get limits; the container's own limits are above what it sees", "annotations")
            : Told("nest: leave the cgroups as they are", "nobody has handed any to this user, so that limits are refused inside as they are outside", "mounts");
        if (UserRange.IsKept)
        {
            yield return Told(
                "nest: keep the ids of this level", "files cannot be shifted from here (mount_setattr(2) asks for the machine's root); its root has no capability here all the same",
                "linux.uidMappings");
        }
    }

    private static PreparationStep Told(string words, string why, string field) => new(words, why, () => $"config.json: {field}");

    private static IEnumerable<MountRequest> ProgramMounts() => Programs.Select(name => new MountRequest(
        "bind",
        Engine.Programs.Find(name) ?? throw new EngineException(FailureKind.NotFound, $"--nest brings {name} into the container, and it is neither beside cdock nor in PATH"),
        $"{ProgramsDirectory}/{name}", ["bind", "rprivate", "ro", "nosuid", "nodev"]));

    private static void Refuse(bool isAsked, string flag, string why)
    {
        if (isAsked)
        {
            throw EngineException.Invalid($"--nest and {flag} exclude each other: {flag} {why}");
        }
    }
}
