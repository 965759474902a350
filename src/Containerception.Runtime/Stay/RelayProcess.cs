using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// <c>ception relay</c>: leads ports of the machine to one container: a plain user's, and what of root's the kernel does not lead. Their sockets are the machine's and
/// come from the supervisor; those to the container are made here, in the network namespace of the user's containers, from which nobody but the machine's root comes
/// back: so it is a process. One thread, one epoll; it ends with its supervisor.
/// </summary>
public static class RelayProcess
{
    internal const int ControlNumber = 0;
    internal const int NetworkNumber = 3;

    /// <summary>Longer than any key.</summary>
    internal const int MessageBytesMax = 256;

    private static readonly TimeSpan SettledAfter = TimeSpan.FromMilliseconds(700);

    /// <summary>Relays until the supervisor is gone.</summary>
    /// <returns>The exit code.</returns>
    public static int Run()
    {
        Prctl.ParentDeathSignal = Signal.SIGKILL;
        using SafeFileHandle control = Descriptors.Take(ControlNumber);
        bool isElsewhere;
        using (SafeFileHandle network = Descriptors.Take(NetworkNumber))
        using (SafeFileHandle own = Files.Open("/proc/self/ns/net", OpenFlags.O_RDONLY))
        {
            isElsewhere = FileStatuses.Statx(network).Inode != FileStatuses.Statx(own).Inode;
            Namespaces.SetNs(network, NamespaceFlags.CLONE_NEWNET);
        }

        Environment.CurrentDirectory = "/";
        Descriptors.SetNonBlocking(control, true);
        using EventLoop loop = new();

        // The machine's own network is not changed for the few packets of root's.
        Ports ports = new(loop, new ReturnPath(keepsClients: isElsewhere));
        bool isOver = false;
        loop.Add(control, EpollEvents.EPOLLIN, _ => isOver = !ports.TryFollow(control));
        loop.After(SettledAfter, ProcessMemory.GiveBack);
        while (!isOver)
        {
            loop.RunOnce();
        }

        return 0;
    }

    private sealed class Ports(EventLoop loop, ReturnPath path)
    {
        private readonly Dictionary<string, IDisposable> _relays = [];

        /// <summary>Does what the supervisor asks for; false when that is gone.</summary>
        public bool TryFollow(SafeFileHandle control)
        {
            Span<byte> message = stackalloc byte[MessageBytesMax];
            int count = SocketMessages.TryReceive(control, message, out SafeFileHandle[] descriptors, descriptorsMax: 1);
            if (count <= 0)
            {
                return count < 0;
            }

            string key = Encoding.UTF8.GetString(message[1..count]);
            if (_relays.Remove(key, out IDisposable? earlier))
            {
                earlier.Dispose();
            }

            if ((FrameKind)message[0] == FrameKind.Hold && descriptors is [SafeFileHandle socket])
            {
                RelayedPort port = RelayedPort.Parse(key);
                _relays.Add(key, port.IsStream ? new StreamRelay(loop, socket, port.Target, path) : new DatagramRelay(loop, socket, port, path));
            }
            else
            {
                // The port is free from now on.
                SocketMessages.Send(control, [(byte)FrameKind.Done]);
            }

            return true;
        }
    }
}
