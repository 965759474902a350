using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The parent's side of the conversation with a new container's init, until its program runs or it waits for start: see <see cref="SyncMessage"/>.</summary>
internal sealed class CreateConversation(
    InitChild init, CompiledProgram program, Bundle bundle, CreateRequest request, StateDirectory directory, SafeFileHandle stateFile, Action<StepRecord>? listener)
{
    /// <summary>For a child that is to be put in by systemd.</summary>
    public required ContainerCgroup Cgroup { get; init; }

    public SeccompFilter? Filter { get; init; }

    /// <summary>Where the number of a notifying filter's descriptor appears.</summary>
    public Slot? FilterSlot { get; init; }

    /// <summary>What is taken back when the container is not to be.</summary>
    public required Undo Undo { get; init; }

    /// <summary>The way back for the network devices that were moved.</summary>
    public NetDevices? NetDevices { get; private set; }

    /// <summary>Where hooks write.</summary>
    public required HookOutput HookOutput { get; init; }

    /// <summary>The terminal's master, when no socket takes it.</summary>
    public SafeFileHandle? Terminal { get; private set; }

    /// <returns>The state as it was saved, with init's pid.</returns>
    public SavedState Hold(SavedState state, bool privileged)
    {
        bool saved = false;
        while (init.Listen("error during container init: ", out SafeFileHandle? descriptor) is { } message)
        {
            switch (message)
            {
                case SyncMessage.GroupPlease:
                    state = state with { CgroupPaths = Cgroup.Place(init.Pid) };
                    init.Go();
                    break;
                case SyncMessage.MapsPlease:
                    IdMaps.Write(init.Pid, bundle.Linux, privileged);
                    Limits.Set(init.Pid, bundle.Config.Process!);
                    init.Go();
                    break;
                case SyncMessage.NetDevicesPlease:
                    MoveDevices(privileged);
                    init.Go();
                    break;
                case SyncMessage.Terminal when descriptor is not null:
                    TakeTerminal(descriptor);
                    break;
                case SyncMessage.SchedulingPlease:
                    Priorities.Set(init.Pid, bundle.Config.Process!);
                    init.Go();
                    break;
                case SyncMessage.HooksPlease:
                    RunHooks(bundle.Config.Hooks!, state);
                    init.Go();
                    break;
                case SyncMessage.ListenerComes:
                    Filter!.SendListener(init, program, FilterSlot!.Value, state);
                    break;
                case SyncMessage.Ready:
                    state = Save(state);
                    saved = true;
                    Rewrite(StateDocument.Write(state, ContainerLife.Created, init.Pid));
                    init.Tell(listener, all: true);
                    init.Go();
                    if (directory.HasFifo)
                    {
                        return state;
                    }

                    break;
                default:
                    throw new ContainerException(FailureKind.System, $"the container's init said {message}, which makes no sense here");
            }
        }

        return saved ? state : Save(state);
    }

    private void MoveDevices(bool privileged)
    {
        if (!privileged)
        {
            throw new ContainerException(FailureKind.Unsupported, "linux.netDevices: moving network devices needs root: they are the host's", "start the container as root, or leave netDevices out");
        }

        NetDevices = new NetDevices(init.Pid);
        foreach ((string name, NetDeviceConfig device) in bundle.Linux.NetDevices)
        {
            NetDevices.Move(name, device, Undo);
        }
    }

    private void RunHooks(HooksConfig hooks, SavedState state)
    {
        byte[] document = StateDocument.Write(state, "creating", init.Pid);
        Hooks.Run("prestart", hooks.Prestart, document, HookOutput);
        Hooks.Run("createRuntime", hooks.CreateRuntime, document, HookOutput);
        Rewrite(document);
    }

    /// <summary>For the hooks that run inside.</summary>
    private void Rewrite(byte[] content)
    {
        FileContents.Ftruncate(stateFile, 0);
        MemoryFiles.Rewind(stateFile);
        FileContents.WriteAll(stateFile, content);
    }

    /// <summary>The master goes to the caller's socket, or stays with us for a foreground run.</summary>
    private void TakeTerminal(SafeFileHandle master)
    {
        if (request.ConsoleSocket is not { } socket)
        {
            Terminal = master;
            return;
        }

        using (master)
        {
            CallerSockets.Send(socket, string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{Terminals.NumberOf(master)}"), master);
        }
    }

    private SavedState Save(SavedState state)
    {
        SavedState running = state with { InitPid = init.Pid, InitStart = ProcessTable.StartTime(init.Pid) };
        directory.Save(running);
        if (request.PidFile is { } file)
        {
            PidFile.Write(file, init.Pid);
        }

        if (request.PidfdSocket is { } socket)
        {
            CallerSockets.Send(socket, "standard", init.Pidfd);
        }

        if (bundle.Config.Annotations.TryGetValue(RuntimeAnnotations.PidfdReceiver, out string? receiver))
        {
            CallerSockets.Send(receiver, "standard", init.Pidfd);
        }

        return running;
    }
}
