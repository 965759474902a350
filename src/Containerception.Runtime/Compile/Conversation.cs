using Containerception.Linux;

namespace Containerception.Runtime;

// What the two sides say to each other, one byte a message, over a SOCK_SEQPACKET pair.
//
//      child (init)                     parent (create, run, exec)
//      ------------                     --------------------------
//      GroupPlease            -->       has systemd put the child into the container's scope, sets limits
//                             <--       Go
//      MapsPlease             -->       writes /proc/<pid>/uid_map and gid_map, sets limits that only the host may
//                             <--       Go
//      NetDevicesPlease       -->       moves linux.netDevices into the network namespace
//                             <--       Go
//      Terminal + descriptor  -->       passes the pty's master on, or copies it to its own terminal
//      SchedulingPlease       -->       sets the scheduling policy and the i/o priority
//                             <--       Go
//      HooksPlease            -->       runs the prestart and createRuntime hooks, writes the state for the others
//                             <--       Go
//      ListenerComes          -->       waits for the number of the filter's descriptor to appear, takes it, sends it to the listener
//                             <--       Go
//      Ready                  -->       all that can fail was done: writes state and pid file; tells the steps
//                             <--       Go
//      ExecFailed (errno)     -->       the program could not be executed, says the stub (ExecStub) that the child had become
//      end of file            -->       the child has exec'ed, or failed: the program's memory says which
//
// An end of file on the child's side means that the parent died: the child ends too.
internal enum SyncMessage : byte
{
    MapsPlease = 1,
    NetDevicesPlease,
    Terminal,
    SchedulingPlease,
    HooksPlease,
    ListenerComes,
    Ready,
    Go,
    ExecFailed,
    GroupPlease,
}

/// <summary>The child's side of the conversation, as steps.</summary>
internal static class Conversation
{
    private const int MSG_NOSIGNAL = 0x4000;

    /// <summary>Says something, and waits for the answer where there is one.</summary>
    public static void Say(Compilation c, SyncMessage message, bool wait)
    {
        nint word = c.Memory.Copy([(byte)message]);
        c.Builder.Call(SyscallNumbers.SYS_write, c.Sync, word, 1);
        if (wait)
        {
            Wait(c);
        }
    }

    /// <summary>Waits until systemd has put this process into the container's groups.</summary>
    public static void AskForGroup(Compilation c)
    {
        c.Builder.Tell("cgroup", "be put into the container's scope by systemd", "systemd's scopes begin with a process, and limits shall hold before it does anything");
        Say(c, SyncMessage.GroupPlease, wait: true);
    }

    /// <summary>Waits for <see cref="SyncMessage.Go"/>.</summary>
    public static void Wait(Compilation c)
    {
        // Nothing to read: the parent is gone, and nobody wants this container any more.
        c.Builder.Call(SyscallNumbers.SYS_read, c.Sync, c.Memory.Reserve(1), 1).AtLeast(1, Errno.EPIPE);
    }

    /// <summary>Sends <see cref="SyncMessage.Terminal"/> with a descriptor: unix(7), SCM_RIGHTS.</summary>
    public static void SendDescriptor(Compilation c, Slot descriptor)
    {
        const int SOL_SOCKET = 1;
        const int SCM_RIGHTS = 1;
        nint body = c.Memory.Copy([(byte)SyncMessage.Terminal]);
        nint vector = c.Memory.Words(body, 1);

        // struct cmsghdr of a 64-bit kernel: 8 bytes of length, two ints, and the descriptor, padded to 8.
        nint control = c.Memory.Words(20, SOL_SOCKET | ((nint)SCM_RIGHTS << 32), 0);
        nint message = c.Memory.Words(0, 0, vector, 1, control, 24, 0);
        c.Builder.Store(control + 16, descriptor);
        c.Builder.Call(SyscallNumbers.SYS_sendmsg, c.Sync, message, MSG_NOSIGNAL);
    }
}
