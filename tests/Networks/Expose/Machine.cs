using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Networks.Tests;

/// <summary>A machine as far as its network goes: a network namespace, in which ip(8) and sockets of the tests are at home.</summary>
internal sealed partial class Machine : IDisposable
{
    // An answer over veth pairs takes microseconds; what is dropped is waited for this long.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    private readonly List<Socket> _servers = [];

    public Machine(string name)
    {
        Name = $"expose-{Environment.ProcessId}-{name}";
        Command.Run("ip", "netns", "add", Name).Succeeded();
        Ip("link set lo up");
    }

    public string Name { get; }

    /// <summary>ip(8), one command a line, in here.</summary>
    public void Ip(params string[] commands)
    {
        using Command batch = new(["ip", "-netns", Name, "-batch", "-"], string.Join('\n', commands) + "\n");
        batch.Wait().Succeeded();
    }

    public Outcome Program(params string[] words) => Command.Run(["ip", "netns", "exec", Name, .. words]);

    public T Run<T>(Func<T> work) => NamespaceThread.Run(() =>
    {
        using SafeFileHandle handle = Files.Open($"/run/netns/{Name}", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        Linux.Namespaces.SetNs(handle, NamespaceFlags.CLONE_NEWNET);
        return work();
    });

    public void Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Answers everybody with the address that he seems to have.</summary>
    public int Serve(ProtocolType protocol, IPAddress address, int port)
    {
        Socket socket = Run(() => SocketFor(protocol, address.AddressFamily));
        socket.Bind(new IPEndPoint(address, port));
        _servers.Add(socket);
        if (protocol == ProtocolType.Tcp)
        {
            socket.Listen();
        }

        new Thread(() => Answer(socket, protocol)) { IsBackground = true }.Start();
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>What a server says to one who asks from here; null when nobody answers.</summary>
    public string? Ask(ProtocolType protocol, string address, int port, int fromPort = 0)
    {
        IPAddress to = IPAddress.Parse(address);
        using Socket socket = Run(() => SocketFor(protocol, to.AddressFamily));
        socket.Bind(new IPEndPoint(to.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, fromPort));
        return Ask(socket, to, port);
    }

    /// <summary>The same by a socket that has been used before: the connection is the same to a firewall.</summary>
    public static string? Ask(Socket socket, IPAddress to, int port)
    {
        try
        {
            if (!socket.ConnectAsync(new IPEndPoint(to, port)).Wait(Patience))
            {
                return null;
            }

            socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
            socket.Send("?"u8);
            byte[] answer = new byte[100];
            return Encoding.ASCII.GetString(answer, 0, socket.Receive(answer));
        }
        catch (Exception error) when (error is SocketException or AggregateException { InnerException: SocketException })
        {
            return null;
        }
    }

    public Socket Socket(ProtocolType protocol, AddressFamily family) => Run(() => SocketFor(protocol, family));

    /// <summary>Sends what stands behind an IP header, and receives that with it. .NET knows no socket for sctp.</summary>
    public Socket Raw(ProtocolType protocol) => Run(() => new Socket(new SafeSocketHandle(socket((int)AddressFamily.InterNetwork, (int)SocketType.Raw, (int)protocol), ownsHandle: true)));

    public void Dispose()
    {
        _servers.ForEach(static server => server.Dispose());
        Command.Run("ip", "netns", "delete", Name).Succeeded();
    }

    private static Socket SocketFor(ProtocolType protocol, AddressFamily family)
        => new(family, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);

    private static void Answer(Socket socket, ProtocolType protocol)
    {
        byte[] question = new byte[100];
        try
        {
            while (true)
            {
                if (protocol == ProtocolType.Tcp)
                {
                    using Socket one = socket.Accept();
                    one.Send(Encoding.ASCII.GetBytes(((IPEndPoint)one.RemoteEndPoint!).Address.ToString()));
                }
                else
                {
                    EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
                    socket.ReceiveFrom(question, ref from);
                    socket.SendTo(Encoding.ASCII.GetBytes(((IPEndPoint)from).Address.ToString()), from);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The machine is taken down.
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint socket(int family, int type, int protocol);
}
