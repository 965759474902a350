using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Containerception.Engine.Tests;

/// <summary>Debian's dnsmasq at an address of this machine's loopback, where nobody else listens, or in another network namespace.</summary>
public sealed class Dnsmasq : IDisposable
{
    private readonly Process _process;

    public Dnsmasq(params string[] options)
        : this(place: null, Loopback.Fresh(), options)
    {
    }

    public Dnsmasq(NetworkPlace? place, string address, params string[] options)
    {
        Address = address;
        Needs.Program("dnsmasq");
        string[] line = [.. place?.Prefix ?? [], "dnsmasq"];
        _process = Process.Start(new ProcessStartInfo(line[0], [.. line[1..], "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
            "--user=root", "--pid-file", $"--listen-address={Address}", .. options]))!;
        Cdock.Until(() => place?.Run(Listens) ?? Listens(), "dnsmasq listens");
    }

    public string Address { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private bool Listens()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Parse(Address), 53);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>Addresses of this machine that no test has used yet.</summary>
internal static class Loopback
{
    public static string Fresh() => $"127.{53 + Random.Shared.Next(100)}.{Random.Shared.Next(256)}.{2 + Random.Shared.Next(250)}";

    /// <summary>A socket at port 53, which hears questions.</summary>
    public static Socket NameServer(string address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 53));
        return socket;
    }
}

/// <summary>Messages as bytes, for who wants to send what no program would.</summary>
internal static class DnsBytes
{
    /// <summary>A question for the address of a name.</summary>
    public static byte[] Question(int number, string name)
        => [(byte)(number >> 8), (byte)number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. System.Text.Encoding.ASCII.GetBytes(label)]), 0, 0, 1, 0, 1];

    /// <summary>An answer with one address.</summary>
    public static byte[] Answer(byte[] question, string address)
    {
        byte[] answer = [.. question, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()];
        (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
        return answer;
    }
}
