using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

// Containers that share what is another's: its processes, its queues and shared memory. Which namespaces these are is known only while the
// other runs: so config.json names them anew before each start.
public sealed partial class ContainerEngine
{
    private const string SharedMemoryName = "shm";

    /// <summary>The request with the ids of the containers that it wants to join in place of their names.</summary>
    /// <exception cref="EngineException">There is no such container, or it shares nothing.</exception>
    private RunRequest WithJoined(RunRequest request)
    {
        NamespacesRequest asked = request.Namespaces;
        if (asked.PidOf is null && asked.IpcOf is null)
        {
            return request;
        }

        string flag = asked.PidOf is null ? "--ipc" : "--pid";
        if (asked.OwnUser)
        {
            throw EngineException.Invalid($"{flag} container: and --userns auto exclude each other", "what is another's belongs to other users");
        }

        CheckRestart(flag, request.Restart);
        ContainerDefinition? donor = asked.IpcOf is null ? null : _store.Table.Find(asked.IpcOf);
        if (donor is { IpcShareable: false })
        {
            throw new EngineException(
                FailureKind.Conflict, $"--ipc container:{asked.IpcOf}: {donor.Name} does not share its IPC namespace", "make it with --ipc shareable");
        }

        return request with
        {
            Namespaces = asked with { PidOf = asked.PidOf is null ? null : _store.Table.Find(asked.PidOf).Id, IpcOf = donor?.Id },
        };
    }

    // The supervisor starts a program again without us, and the other's namespaces may be gone by then.
    private static void CheckRestart(string flag, Supervision.RestartPolicy policy)
    {
        if (policy.Kind != Supervision.RestartKind.No)
        {
            throw new EngineException(
                FailureKind.Unsupported, $"--restart {policy} with {flag} container: is not supported", "start it again with `cdock start`, which looks for the other anew");
        }
    }

    /// <summary>Says in config.json which namespaces are joined, and adds to the root what comes with them.</summary>
    private RootPlan Joined(RootPlan root, ContainerDirectory directory, ContainerDefinition definition)
    {
        if (definition.PidOf is null && definition.IpcOf is null)
        {
            return root;
        }

        RuntimeConfig config = RuntimeConfig.Read(Path.Join(directory.Path, "config.json"));
        LinuxConfig linux = config.Linux ?? new LinuxConfig();
        ImmutableArray<NamespaceConfig> namespaces = linux.Namespaces;
        ImmutableArray<MountConfig> mounts = config.Mounts;
        ImmutableArray<PreparationStep> steps = root.Steps;
        if (definition.PidOf is string seen)
        {
            namespaces = WithPath(namespaces, "pid", Member(seen, "PID").Pid);
        }

        if (definition.IpcOf is string shared)
        {
            (int pid, string name) = Member(shared, "IPC");
            string place = Path.Join(directory.Path, SharedMemoryName);
            namespaces = WithPath(namespaces, "ipc", pid);
            mounts = [.. mounts.Select(mount => mount.Destination != "/dev/shm" ? mount : new MountConfig { Destination = "/dev/shm", Type = "bind", Source = place, Options = ["bind"] })];
            steps = [.. WithPrivate(steps), new PreparationStep(
                $"take /dev/shm of the container {name}", "POSIX shared memory is files there, whatever the IPC namespace is", () => TakeTree(pid, "/dev/shm", place))];
        }

        directory.WriteConfig((config with { Mounts = mounts, Linux = linux with { Namespaces = namespaces } }).ToJson(indented: false));
        return root with { Steps = steps };
    }

    private (int Pid, string Name) Member(string id, string kind)
    {
        ContainerDefinition other = _store.Table.Find(id);
        return RunningPid(_store.PathOf(id)) is int pid ? (pid, other.Name) : throw new EngineException(
            FailureKind.Conflict, $"cannot join the {kind} namespace of {other.Name}, which does not run", $"`cdock start {other.Name}` starts it");
    }

    private static ImmutableArray<NamespaceConfig> WithPath(ImmutableArray<NamespaceConfig> namespaces, string type, int pid) =>
    [
        .. namespaces.Where(one => one.Type != type),
        new NamespaceConfig { Type = type, Path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/{type}") },
    ];

    // A root that is there already has no mount namespace of its own to be mounted in.
    private static ImmutableArray<PreparationStep> WithPrivate(ImmutableArray<PreparationStep> steps) => steps.IsEmpty ? [RootPlanner.Private()] : steps;

    // A copy of the mount is taken where it is, by a thread that goes there and ends; it may be attached anywhere.
    private static string TakeTree(int pid, string path, string place)
    {
        Directory.CreateDirectory(place);
        using SafeFileHandle mounts = Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/mnt"), OpenFlags.O_RDONLY);
        using SafeFileHandle tree = NamespaceThread.Run(() =>
        {
            // setns(2) moves nobody who shares their root and working directory.
            Namespaces.Unshare(NamespaceFlags.CLONE_FS);
            Namespaces.SetNs(mounts, NamespaceFlags.CLONE_NEWNS);
            return NewMounts.OpenTree(Descriptor.WorkingDirectory, path, OpenTreeFlags.OPEN_TREE_CLONE);
        });
        using SafeFileHandle target = Files.Open(place, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
        NewMounts.MoveMount(tree, target);
        return $"setns({mounts.DangerousGetHandle()}</proc/{pid}/ns/mnt>), open_tree(\"{path}\", OPEN_TREE_CLONE), move_mount(…, \"{place}\")";
    }
}
