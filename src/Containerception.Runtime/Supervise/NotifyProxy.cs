using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// sd_notify(3) for a container: its program finds a socket of ours, and that it is ready is passed on to the service manager that started
/// us, with the pid that the manager shall watch. Nothing else is: whoever is in the container must not speak for the service.
/// </summary>
internal sealed class NotifyProxy : IDisposable
{
    private const string Inside = "/run/notify";
    private const string Ready = "READY=";
    private const int MessageBytesMax = 4096;

    // As systemd-notify waits, and runc.
    private const int BarrierMilliseconds = 30_000;

    private readonly SafeFileHandle _manager;
    private readonly Action<string>? _warn;

    private NotifyProxy(SafeFileHandle socket, SafeFileHandle manager, Action<string>? warn)
    {
        Socket = socket;
        _manager = manager;
        _warn = warn;
    }

    /// <summary>Readable when the container has something to say.</summary>
    public SafeFileHandle Socket { get; }

    /// <summary>The configuration with the directory of our socket mounted in it, and its name in the environment.</summary>
    public static RuntimeConfig Announce(RuntimeConfig config, string directory) => config with
    {
        Mounts = config.Mounts.Add(new MountConfig { Destination = Inside, Type = "bind", Source = directory, Options = ["bind", "nosuid", "noexec", "nodev", "ro"] }),
        Process = config.Process! with { Env = config.Process!.Env.Add($"NOTIFY_SOCKET={Inside}/{StateDirectory.NotifySocket}") },
    };

    /// <summary>Listens for the container.</summary>
    /// <param name="directory">Where the container's socket is to be.</param>
    /// <param name="manager">The manager's socket, as NOTIFY_SOCKET names it: a path, or with an @ before it an abstract name.</param>
    /// <param name="warn">Is told when the manager cannot be.</param>
    /// <exception cref="ContainerException">Nobody listens there.</exception>
    public static NotifyProxy Open(StateDirectory directory, string manager, Action<string>? warn)
    {
        string path = Path.Join(directory.NotifyPath, StateDirectory.NotifySocket);
        const UnixFileMode ForAll = (UnixFileMode)0x1FF;
        SafeFileHandle ours = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
        SafeFileHandle theirs = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
        try
        {
            UnixSockets.Connect(theirs, manager);
            UnixSockets.Bind(ours, path);
            Files.FchmodAt(Descriptor.WorkingDirectory, path, ForAll);
            return new NotifyProxy(ours, theirs, warn);
        }
        catch (LinuxException failure)
        {
            ours.Dispose();
            theirs.Dispose();
            throw new ContainerException(
                FailureKind.System, $"NOTIFY_SOCKET: {failure.Message}", "the variable names the socket of a service manager; unset it where there is none", failure);
        }
    }

    /// <summary>Takes one message of the container, and passes on that it is ready.</summary>
    /// <param name="mainPid">The process that the service shall be taken for.</param>
    /// <returns>Whether that is what it said, or nobody can be told any more: then there is nothing left to wait for.</returns>
    public bool Relay(int mainPid)
    {
        try
        {
            return RelayOrThrow(mainPid);
        }
        catch (LinuxException failure)
        {
            // The container must not suffer from a manager that is gone, nor we from what the container sends.
            _warn?.Invoke($"NOTIFY_SOCKET: {failure.Message}: the service manager is not told whether the container is ready");
            return true;
        }
    }

    private bool RelayOrThrow(int mainPid)
    {
        Span<byte> message = stackalloc byte[MessageBytesMax];
        int length = SocketMessages.Receive(Socket, message, out SafeFileHandle[] descriptors, SocketMessages.DescriptorsMax);
        foreach (SafeFileHandle descriptor in descriptors)
        {
            // Its own barrier: closed, it is passed.
            descriptor.Dispose();
        }

        foreach (string line in Encoding.UTF8.GetString(message[..length]).Split('\n'))
        {
            if (line.StartsWith(Ready, StringComparison.Ordinal))
            {
                SocketMessages.Send(_manager, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"MAINPID={mainPid}\n{line}\n")));
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until the container is ready, or has ended; then until the manager has heard of it, for it looks up who spoke.</summary>
    public void WaitUntilReady(int pid, SafeFileHandle pidfd)
    {
        const ulong EndToken = 1;
        using SafeFileHandle epoll = Epoll.Create();
        Epoll.Add(epoll, Socket, EpollEvents.EPOLLIN, 0);
        Epoll.Add(epoll, pidfd, EpollEvents.EPOLLIN, EndToken);
        Span<EpollEvent> events = stackalloc EpollEvent[2];
        while (true)
        {
            int count = Epoll.Wait(epoll, events);
            foreach (EpollEvent item in events[..count])
            {
                if (item.Token == EndToken)
                {
                    return;
                }

                if (Relay(pid))
                {
                    PassBarrier();
                    return;
                }
            }
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        _manager.Dispose();
    }

    /// <summary>sd_notify_barrier(3): the manager closes what comes with it once it has read all before it.</summary>
    private void PassBarrier()
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        {
            using (write)
            {
                try
                {
                    SocketMessages.Send(_manager, "BARRIER=1"u8, write);
                }
                catch (LinuxException)
                {
                    // A manager that is gone reads no more.
                    return;
                }
            }

            Polling.Poll(read, PollEvents.POLLIN, BarrierMilliseconds);
        }
    }
}
