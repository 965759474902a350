using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The containers below one state directory, and all that can be done with them.</summary>
/// <param name="root">The state directory, <c>/run/ception</c> by default. Made when the first container is.</param>
/// <param name="listener">Is told every step, after it was done; null costs nothing.</param>
/// <param name="warn">Is told what went wrong without being a failure: a poststop hook.</param>
/// <exception cref="ContainerException">From every method, for whatever failed.</exception>
public sealed class ContainerRuntime(string root, Action<StepRecord>? listener = null, Action<string>? warn = null)
{
    /// <summary>The mount options that are understood beyond the file systems' own, sorted.</summary>
    public static ImmutableArray<string> MountOptionNames => MountOptions.Known();

    public string Root { get; } = root;

    /// <summary>Makes a container whose init waits for <see cref="Start"/>.</summary>
    public void Create(CreateRequest request) => Guard(() =>
    {
        Bundle bundle = Open(request);
        SeccompFilter? filter = SeccompFilter.Compile(bundle.Config, Root);
        Sealing.Prepare(bundle, filter, waitsForStart: true);
        new Creator(Root, listener, warn, TimeProvider.System).Create(bundle, filter, request, waitsForStart: true, Signals.Block(SignalSet.Empty).Bits).Dispose();
    });

    /// <summary>Creates, starts, waits and deletes (or, detached, only creates and starts).</summary>
    /// <returns>The process's exit status, 128 + signal for a signal; 0 when detached.</returns>
    public int Run(CreateRequest request) => Guard(() => RunOrThrow(request));

    /// <summary>Lets the program of a created container run.</summary>
    /// <param name="id">The container.</param>
    /// <param name="notifySocket">As <see cref="CreateRequest.NotifySocket"/>: waits until the program says that it is ready, or has ended.</param>
    public void Start(string id, string? notifySocket = null) => Guard(() =>
    {
        NotifyProxy? notify = null;
        SavedState state;
        using (StateDirectory directory = StateDirectory.Open(Root, id))
        {
            directory.Lock();
            notify = notifySocket is not null && directory.HasNotifyDirectory ? NotifyProxy.Open(directory, notifySocket, warn) : null;
            Warn(Starter.Start(directory));
            state = directory.Load();
        }

        // Without the lock: others may want to end what does not become ready.
        using (notify)
        {
            using SafeFileHandle? init = notify is null ? null : Linux.Processes.TryPidfdOpen(state.InitPid);
            if (init is not null && ProcessTable.IsAlive(state.InitPid, state.InitStart))
            {
                notify!.WaitUntilReady(state.InitPid, init);
            }
        }
    });

    public ContainerStatus State(string id) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        return Describe(directory, directory.Load());
    });

    /// <summary>All containers, by id. One that is being removed meanwhile is left out.</summary>
    public IReadOnlyList<ContainerStatus> List() => Guard(() =>
    {
        List<ContainerStatus> all = [];
        foreach (string id in StateDirectory.Ids(Root))
        {
            using StateDirectory? directory = StateDirectory.TryOpen(Root, id);
            if (directory?.TryLoad() is { } state)
            {
                all.Add(Describe(directory, state));
            }
        }

        return all;
    });

    /// <returns>The process's exit status, 128 + signal for a signal; 0 when detached.</returns>
    public int Exec(ExecRequest request) => Guard(() => new Executor(Root, listener, warn).Execute(request));

    /// <summary>Sends a signal to init, or with <paramref name="all"/> to every process of the container.</summary>
    public void Kill(string id, int signal, bool all) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        Killer.Kill(directory, (Signal)signal, all);
    });

    /// <summary>Removes a container that has stopped or was never started; with <paramref name="force"/> any, and it is no error if there is none.</summary>
    public void Delete(string id, bool force) => Guard(() =>
    {
        using StateDirectory? directory = force ? StateDirectory.TryOpen(Root, id) : StateDirectory.Open(Root, id);
        if (directory is not null)
        {
            Warn(Remover.Delete(directory, id, force));
        }
    });

    public void Pause(string id) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        Pauser.Pause(directory);
    });

    public void Resume(string id) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        Pauser.Resume(directory);
    });

    /// <summary>The pids of the container's processes, as the caller sees them.</summary>
    public IReadOnlyList<int> Processes(string id) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        SavedState state = directory.Load();
        state.RequireCgroups("which processes are its own nobody can tell");
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        return cgroup.Processes();
    });

    /// <summary>The host's ps of the container's processes.</summary>
    /// <param name="id">The container's.</param>
    /// <param name="options">For ps; <c>-ef</c> when there are none.</param>
    public string ProcessList(string id, IReadOnlyList<string> options) => Guard(() => HostPs.Table(Processes(id), options));

    /// <summary>Changes the limits of a container that is not stopped.</summary>
    public void Update(UpdateRequest request) => Guard(() =>
    {
        using StateDirectory directory = StateDirectory.Open(Root, request.Id);
        Updater.Update(directory, request);
    });

    /// <summary>What a running container uses.</summary>
    public ContainerStats Stats(string id) => Guard(() => Observe(id, static (watcher, _) => watcher.ReadStats()));

    /// <summary>Tells what a container uses, every so often, and when its memory has run out. Returns when it has ended.</summary>
    public void Watch(string id, TimeSpan interval, Action<ContainerStats> tellStats, Action tellOom) => Guard(() => Observe(id, (watcher, init) =>
    {
        watcher.Watch(init, interval, tellStats, tellOom);
        return 0;
    }));

    /// <summary>Mounts what a file lists in a container that is there: all, or nothing.</summary>
    public void AddMounts(string id, string file) => Guard(() => new LiveMounts(Root, listener).Add(id, file));

    /// <summary>Takes the mounts of a file's destinations away.</summary>
    public void RemoveMounts(string id, string file) => Guard(() => new LiveMounts(Root, listener).Remove(id, file));

    /// <summary>What must be done before a container is begun by who stays with it, and before anything of this process is worth keeping: it may execute this program anew.</summary>
    internal void PrepareToStay(CreateRequest request)
    {
        // Whom cdock has started so is asked without a look at the configuration.
        if (!SealedBinary.IsSealed())
        {
            Guard(() =>
            {
                Bundle bundle = Bundle.Open(request.Bundle, request.ConfigFile);
                Sealing.Prepare(bundle, SeccompFilter.Compile(bundle.Config, Root), waitsForStart: false);
            });
        }
    }

    /// <summary>Makes a container whose program runs, for a caller who stays with it; the caller disposes what is returned.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="mask">The signal mask that the program gets.</param>
    internal CreatedContainer Begin(CreateRequest request, SignalSet mask)
        => Guard(() =>
        {
            Bundle bundle = Open(request);
            return Begin(bundle, SeccompFilter.Compile(bundle.Config, Root), request, mask.Bits);
        });

    private HostSteps Steps => new(listener);

    private Bundle Open(CreateRequest request) => Steps.Do(
        "config", "read config.json", "what is wrong with it is refused before anything is made", () => $"open(\"{request.ConfigFile}\")",
        () => Bundle.Open(request.Bundle, request.ConfigFile));

    private T Observe<T>(string id, Func<Watcher, SafeFileHandle, T> look)
    {
        using StateDirectory directory = StateDirectory.Open(Root, id);
        SavedState state = directory.Load();
        state.RequireCgroups("what it uses nobody counts");
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        using SafeFileHandle? init = state.InitPid == 0 ? null : Linux.Processes.TryPidfdOpen(state.InitPid);
        return init is not null && ProcessTable.IsAlive(state.InitPid, state.InitStart)
            ? look(new Watcher(state, cgroup), init)
            : throw new ContainerException(FailureKind.Conflict, $"container with id {id} is not running");
    }

    private int RunOrThrow(CreateRequest request)
    {
        Bundle bundle = Open(request);
        SeccompFilter? filter = SeccompFilter.Compile(bundle.Config, Root);
        Sealing.Prepare(bundle, filter, waitsForStart: false);
        if (!request.Detach && !request.NoSubreaper)
        {
            Prctl.IsChildSubreaper = true;
        }

        using Foreground? foreground = request.Detach ? null : Foreground.Begin();
        ulong mask = (foreground?.Before ?? Signals.Mask).Bits;
        using CreatedContainer container = Begin(bundle, filter, request, mask);
        if (foreground is null)
        {
            container.Notify?.WaitUntilReady(container.Init.Pid, container.Init.Pidfd);
            return 0;
        }

        // The program runs: its container is removed, whether or not anybody reads of it.
        HostSteps steps = Steps.ToWhoeverListens;
        int status = steps.Do(
            "wait", "stay until the program has ended", "signals and the terminal are passed on to it", () => "epoll_wait(); waitid()",
            () => foreground.Wait(container.Init.Pid, container.Init.Pidfd, container.Terminal, container.Notify));
        if (!request.Keep)
        {
            steps.Do("remove", "remove the control groups and the state", "nothing of a container outlives it", () => "rmdir(); unlinkat()", () => Finish(request.Id));
        }

        return status;
    }

    private CreatedContainer Begin(Bundle bundle, SeccompFilter? filter, CreateRequest request, ulong mask)
    {
        CreatedContainer container = new Creator(Root, listener, warn, TimeProvider.System).Create(bundle, filter, request, waitsForStart: false, mask);
        if (container.Config.Hooks is { Poststart.Length: > 0 })
        {
            using StateDirectory directory = StateDirectory.Open(Root, request.Id);
            Warn(Starter.RunHooks(directory, container.State));
        }

        return container;
    }

    /// <summary>Another command may have deleted it while it ran: then there is nothing left to do.</summary>
    private void Finish(string id)
    {
        using StateDirectory? directory = StateDirectory.TryOpen(Root, id);
        if (directory is null)
        {
            return;
        }

        directory.Lock();
        if (directory.TryLoad() is { } state)
        {
            using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
            Warn(Remover.Finish(directory, state, cgroup));
        }
    }

    private static ContainerStatus Describe(StateDirectory directory, SavedState state)
    {
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        string status = ContainerLife.StatusOf(directory, state, cgroup);
        return new ContainerStatus
        {
            OciVersion = state.OciVersion,
            Id = state.Id,
            Pid = status == ContainerLife.Stopped ? 0 : state.InitPid,
            Status = status,
            Bundle = state.Bundle,
            Rootfs = state.Rootfs,
            Created = state.Created,
            Annotations = state.Annotations,
            OwnerUid = state.OwnerUid,
        };
    }

    private void Warn(IReadOnlyList<string> messages)
    {
        foreach (string message in messages)
        {
            warn?.Invoke(message);
        }
    }

    private static void Guard(Action work) => Guard(() =>
    {
        work();
        return 0;
    });

    /// <summary>The layers below speak of calls and fields; callers of this one know one kind of failure.</summary>
    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ContainerException(
                FailureKind.System, "cannot use the directory of the containers' state: permission denied (EACCES)",
                "who is not root gives --root with a directory of his own, or sets XDG_RUNTIME_DIR", failure);
        }
        catch (LinuxException failure) when (failure is { Errno: Errno.EACCES } && failure.Call.StartsWith("mkdirat", StringComparison.Ordinal))
        {
            throw new ContainerException(
                FailureKind.System, failure.Message, "who is not root gives --root with a directory of his own, or sets XDG_RUNTIME_DIR", failure);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, failure.Message, Hints.For(failure.Call.Split('(')[0], failure.Errno), failure);
        }
        catch (CgroupException failure)
        {
            throw new ContainerException(FailureKind.System, failure.Message, failure.Hint, failure);
        }
        catch (ConfigException failure)
        {
            throw new ContainerException(FailureKind.Invalid, failure.Message, cause: failure);
        }
    }
}
