using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Containerception.Conformance.Tests;

/// <summary>What an engine listens on for a descriptor: the master of a terminal, a pidfd.</summary>
internal sealed class DescriptorSocket : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public DescriptorSocket(string path)
    {
        Path = path;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
    }

    public string Path { get; }

    public (int Descriptor, string Text) Receive()
    {
        Assert.True(_listener.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead), $"nobody connects to {Path}");
        using Socket connection = _listener.Accept();
        connection.Blocking = true;
        (int descriptor, byte[] body) = Posix.ReceiveDescriptor((int)connection.Handle);
        return (descriptor, Encoding.UTF8.GetString(body));
    }

    /// <summary>Receives a pidfd: whose it is, and what was said with it.</summary>
    public (int Pid, string Text) ReceivePidfd()
    {
        (int descriptor, string text) = Receive();
        string pid = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(line => line.StartsWith("Pid:", StringComparison.Ordinal))["Pid:".Length..];
        Posix.Close(descriptor);
        return (int.Parse(pid, CultureInfo.InvariantCulture), text);
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(Path);
    }
}
