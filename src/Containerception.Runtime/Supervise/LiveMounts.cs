using System.Collections.Immutable;
using System.Globalization;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Puts mounts into a container that is there, and takes them away: <c>mounts add</c> and <c>mounts remove</c>.</summary>
internal sealed class LiveMounts(string root, Action<StepRecord>? listener)
{
    public void Add(string id, string file) => Change(id, file, LiveMountCompiler.Add);

    public void Remove(string id, string file) => Change(id, file, LiveMountCompiler.Remove);

    private void Change(string id, string file, Action<Compilation, LiveMountSettings, ImmutableArray<MountConfig>> compile)
    {
        SealedBinary.Ensure();
        ImmutableArray<MountConfig> mounts = RuntimeConfig.ReadMounts(file);
        using StateDirectory directory = StateDirectory.Open(root, id);
        directory.Lock();
        SavedState state = directory.Load();
        CheckState(directory, state);
        using SafeFileHandle pidfd = Processes.TryPidfdOpen(state.InitPid) ?? throw NotRunning();
        if (!ProcessTable.IsAlive(state.InitPid, state.InitStart))
        {
            throw NotRunning();
        }

        byte[] document = directory.LoadConfig();
        Bundle bundle = Bundle.Saved(state, document);
        bool isolated = state.Namespaces.HasFlag(CloneFlags.CLONE_NEWUSER);
        using BindSources sources = new(
            bundle.Linux, Credentials.EffectiveUid == 0, isolated, all: true, () => isolated ? Open(state.InitPid, "ns/user", OpenFlags.O_RDONLY) : null);
        using SafeFileHandle? moved = state.NoPivot ? Open(state.InitPid, "root", OpenFlags.O_PATH) : null;
        using SafeFileHandle proc = Files.Open("/proc", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC);

        // What is undone by number before it has its meaning must be no mount: a file in memory never is, the caller's /dev/null may be.
        SafeFileHandle[] numbers = [.. mounts.Select(_ => MemoryFiles.Create("mount"))];
        try
        {
            LiveMountSettings settings = new() { InitPidfd = pidfd, Namespaces = state.Namespaces, Root = moved, Proc = proc, Numbers = numbers };
            Play(bundle, document.Length + RuntimeConfig.BytesMax, sources, c => compile(c, settings, mounts));
        }
        finally
        {
            Array.ForEach(numbers, number => number.Dispose());
        }
    }

    private void Play(Bundle bundle, int documentLength, BindSources sources, Action<Compilation> compile)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
        using Compilation compilation = new(bundle, ProgramMemory.SizeFor(documentLength), theirs) { Sources = sources };
        compile(compilation);
        CompiledProgram program = compilation.Builder.Finish(clock: listener is not null);

        // Nobody of the container is to look into the child, from its first instruction on.
        Prctl.IsDumpable = false;
        using InitChild child = InitChild.Clone(0, program, second: null, ours, theirs, cgroup: null);
        WaitStatus status = Waiting.Wait(child.Pidfd);
        child.Tell(listener, all: false);
        if (program.Failure() is { } failure)
        {
            throw failure;
        }

        if (status.ExitCode != 0)
        {
            throw new ContainerException(FailureKind.System, $"the process that changes the container's mounts ended with {status.ExitCode}", "look at /proc/PID/mountinfo of the container: the change may be half done");
        }
    }

    private static void CheckState(StateDirectory directory, SavedState state)
    {
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        if (ContainerLife.StatusOf(directory, state, cgroup) == ContainerLife.Stopped)
        {
            throw NotRunning();
        }

        if (!state.Namespaces.HasFlag(CloneFlags.CLONE_NEWNS))
        {
            throw new ContainerException(FailureKind.Unsupported, "the container has no mount namespace of its own: its mounts are the host's", "use mount(8)");
        }
    }

    private static ContainerException NotRunning() => new(FailureKind.Conflict, "container not running");

    private static SafeFileHandle Open(int pid, string name, OpenFlags flags)
        => Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}"), flags | OpenFlags.O_CLOEXEC);
}
