using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>A plain user's machine, made of a network namespace, beside another that is its router and a host on the same wire.</summary>
public sealed class PlainUserMachine : IDisposable
{
    public PlainUserMachine()
    {
        Needs.Program("pasta");
        Needs.Program("ip");
        Needs.PathTo("/dev/net/tun");
        Shell($"""
            ip netns add {Machine}
            ip netns add {Other}
            ip -n {Machine} link add eth0 type veth peer name eth0 netns {Other}
            ip -n {Machine} link set lo up
            ip -n {Machine} addr add 10.99.0.1/24 dev eth0
            ip -n {Machine} addr add 10.99.0.11/24 dev eth0
            ip -n {Machine} addr add fd99::1/64 dev eth0 nodad
            ip -n {Other} addr add 10.99.0.2/24 dev eth0
            ip -n {Other} addr add 10.99.0.3/24 dev eth0
            ip -n {Other} addr add fd99::2/64 dev eth0 nodad
            ip -n {Machine} link set eth0 up
            ip -n {Other} link set eth0 up
            ip -n {Machine} route add default via 10.99.0.2
            ip -n {Machine} route add default via fd99::2
            mknod -m 666 {User.Top}/tun c 10 200
            chmod 666 {User.Top}/tun
            """);
        User.Network = Machine;
    }

    /// <summary>Its name among network namespaces.</summary>
    public string Machine { get; } = $"cdm{Environment.ProcessId}";

    /// <summary>The other one's.</summary>
    public string Other { get; } = $"cdo{Environment.ProcessId}";

    public PlainUser User { get; } = new();

    /// <summary>Does something on the other machine.</summary>
    public T InOther<T>(Func<T> work) => In($"/run/netns/{Other}", work);

    /// <summary>Does something on the user's.</summary>
    public T InMachine<T>(Func<T> work) => In($"/run/netns/{Machine}", work);

    /// <summary>Does something with the network of a container that runs.</summary>
    public T InContainer<T>(string container, Func<T> work) => In($"/proc/{User.Ok("inspect", "--format", "{{.State.Pid}}", container)}/ns/net", work);

    public static Socket Listener(string address, int port)
    {
        Socket socket = new(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        socket.Listen(1024);
        return socket;
    }

    public static Socket Connection(string address, int port, string? from = null)
    {
        Socket socket = new(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        }

        socket.Connect(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    /// <summary>The processes that connect the user's namespace.</summary>
    public int[] Pastas() => [.. Processes("pasta").Where(line => line.Line.Contains($"{User.Top}/run/cdock/network", StringComparison.Ordinal)).Select(line => line.Pid)];

    /// <summary>The processes that relay ports to his containers.</summary>
    public int[] Relays() => [.. Processes("ception\0relay\0").Where(line => line.Line.Contains(User.Top, StringComparison.Ordinal)).Select(line => line.Pid)];

    public static bool Listens(string machine, int port)
    {
        using Process tables = Process.Start(new ProcessStartInfo("nsenter", [$"--net=/run/netns/{machine}", "cat", "/proc/net/tcp", "/proc/net/tcp6"]) { RedirectStandardOutput = true })!;
        return Regex.IsMatch(tables.StandardOutput.ReadToEnd(), $":{port:X4} 0+:0000 0A");
    }

    public static void Shell(string script)
    {
        using Process process = Process.Start("sh", ["-e", "-c", script]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        User.RemoveContainers();
        Array.ForEach(Pastas(), PlainUser.Kill);
        Shell($"ip netns del {Machine}; ip netns del {Other}");
        User.Dispose();
    }

    private static T In<T>(string path, Func<T> work) => NamespaceThread.Run(() =>
    {
        using SafeFileHandle network = Files.Open(path, OpenFlags.O_RDONLY);
        Linux.Namespaces.SetNs(network, NamespaceFlags.CLONE_NEWNET);
        return work();
    });

    private static IEnumerable<(int Pid, string Line)> Processes(string word)
    {
        foreach (string name in Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)))
        {
            string line;
            try
            {
                line = File.ReadAllText($"/proc/{name}/cmdline");
            }
            catch (IOException)
            {
                continue;
            }

            if (line.Contains(word, StringComparison.Ordinal))
            {
                yield return (int.Parse(name), line);
            }
        }
    }
}
