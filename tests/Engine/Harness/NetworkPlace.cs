using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>
/// A network namespace, of a machine or of a container, in which programs and sockets of the tests are at home. It is opened anew each time: a
/// descriptor that stays would keep alive what the tests want to see go.
/// </summary>
public sealed class NetworkPlace(string path) : IDisposable
{
    // An answer over veth pairs takes microseconds, on a machine that has time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // So long is waited for what must not come.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(400);

    private readonly List<Socket> _servers = [];

    /// <summary>What starts a program here.</summary>
    public string[] Prefix { get; } = ["nsenter", "--net=" + path, "--"];

    public T Run<T>(Func<T> work) => NamespaceThread.Run(() =>
    {
        using SafeFileHandle handle = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        Namespaces.SetNs(handle, NamespaceFlags.CLONE_NEWNET);
        return work();
    });

    /// <summary>A program's output, which must succeed.</summary>
    public string Program(params string[] words) => Program(words, input: "");

    /// <summary>ip(8), one command a line.</summary>
    public void Ip(params string[] commands) => Program(["ip", "-batch", "-"], string.Join('\n', commands) + "\n");

    /// <summary>The names of its interfaces.</summary>
    public string[] Interfaces()
        => [.. Program("ip", "-o", "link").Split('\n').Select(line => line.Split(": ")[1].Split('@')[0]).Order(StringComparer.Ordinal)];

    /// <summary>Answers everybody, of both families, with the address that he seems to have.</summary>
    public void Serve(ProtocolType protocol, int port, string? address = null)
    {
        Socket socket = Run(() => Open(protocol, address is null ? AddressFamily.InterNetworkV6 : IPAddress.Parse(address).AddressFamily));
        _servers.Add(socket);
        if (address is null)
        {
            socket.DualMode = true;
        }

        socket.Bind(new IPEndPoint(address is null ? IPAddress.IPv6Any : IPAddress.Parse(address), port));
        if (protocol == ProtocolType.Tcp)
        {
            socket.Listen(512);
        }

        new Thread(() => Answer(socket, protocol)) { IsBackground = true }.Start();
    }

    /// <summary>Nobody answers here any more.</summary>
    public void Close()
    {
        _servers.ForEach(server => server.Dispose());
        _servers.Clear();
    }

    /// <summary>What a server says to one who asks from here; null when nobody answers.</summary>
    public string? Ask(ProtocolType protocol, string address, int port) => Ask(protocol, address, port, Patience);

    /// <summary>Nobody answers, or not in time.</summary>
    public bool HearsNothing(ProtocolType protocol, string address, int port) => Ask(protocol, address, port, Silence) is null;

    public void Dispose() => Close();

    private string? Ask(ProtocolType protocol, string address, int port, TimeSpan patience)
    {
        IPAddress to = IPAddress.Parse(address);
        using Socket socket = Run(() => Open(protocol, to.AddressFamily));
        try
        {
            if (!socket.ConnectAsync(new IPEndPoint(to, port)).Wait(patience))
            {
                return null;
            }

            socket.ReceiveTimeout = (int)patience.TotalMilliseconds;
            socket.Send("?"u8);
            byte[] answer = new byte[100];
            int count = socket.Receive(answer);
            return count == 0 ? null : Encoding.ASCII.GetString(answer, 0, count);
        }
        catch (Exception error) when (error is SocketException or AggregateException { InnerException: SocketException })
        {
            return null;
        }
    }

    private string Program(string[] words, string input)
    {
        string[] line = [.. Prefix, .. words];
        using Process process = Process.Start(new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Outcome outcome = Cdock.Finish(process);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', words)}: {outcome.Error}\n{input}");
        return outcome.Output.TrimEnd('\n');
    }

    private static Socket Open(ProtocolType protocol, AddressFamily family)
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
                    one.Send(Address(one.RemoteEndPoint!));
                }
                else
                {
                    EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
                    socket.ReceiveFrom(question, ref from);
                    socket.SendTo(Address(from), from);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed.
        }
    }

    private static byte[] Address(EndPoint point)
    {
        IPAddress address = ((IPEndPoint)point).Address;
        return Encoding.ASCII.GetBytes((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
    }
}
