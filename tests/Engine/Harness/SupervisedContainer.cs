using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>
/// A container of busybox in a network namespace with nothing but lo, kept by the published <c>ception supervise</c>, which answers at 127.0.0.11:53
/// there, and asks others from here.
/// </summary>
public sealed class SupervisedContainer : IDisposable
{
    private readonly BusyboxRoot _root = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("cdock-dns-");
    private readonly SafeFileHandle _namespace;
    private readonly int _supervisor;

    /// <param name="servers">Who is asked for names of others.</param>
    /// <param name="forwards">Whether anybody may be asked.</param>
    /// <param name="held">A socket that the supervisor is to hold.</param>
    public SupervisedContainer(string[] servers, bool forwards = true, SafeFileHandle? held = null)
    {
        Needs.Root();
        Needs.PathTo(Ception);
        Id = Path.GetFileName(_directory.FullName);
        Networks = Path.Join(_directory.FullName, "names");
        SetNames("");
        SetServers(servers, forwards);
        File.WriteAllText(Path.Join(_root.Location, "etc/resolv.conf"), "nameserver 127.0.0.11\n");
        File.CreateSymbolicLink(Path.Join(_root.Location, "bin/nslookup"), "busybox");

        (_namespace, SafeFileHandle udp, SafeFileHandle tcp) = NamespaceThread.Run(MakeNamespace);
        using (udp)
        using (tcp)
        {
            WriteConfig();
            _supervisor = Start(held is null ? [udp, tcp] : [udp, tcp, held]);
        }
    }

    private string Id { get; }

    /// <summary>The file of names of its one network.</summary>
    private string Networks { get; }

    private static string Ception => Path.Join(Cdock.Out, "ception");

    private string RuntimeRoot => Path.Join(_directory.FullName, "state");

    /// <summary>Replaces the names of its network, as cdock does.</summary>
    public void SetNames(string hosts) => Replace(Networks, System.Text.Encoding.UTF8.GetBytes(hosts));

    public void SetServers(string[] servers, bool forwards)
        => Replace(Path.Join(_directory.FullName, DnsNames.FileName), new DnsNames { Networks = [Networks, Networks + "-of-none"], Servers = [.. servers], Forward = forwards }.ToJson());

    /// <summary>Runs a command in the container.</summary>
    public Outcome Exec(params string[] command) => Do(Ception, ["--root", RuntimeRoot, "exec", Id, .. command]);

    /// <summary>Runs a program of this machine in the container's network namespace.</summary>
    public Outcome Within(params string[] command)
        => Do("nsenter", [string.Create(CultureInfo.InvariantCulture, $"--net=/proc/{Environment.ProcessId}/fd/{_namespace.DangerousGetHandle()}"), .. command]);

    /// <summary>A socket of its network namespace.</summary>
    public Socket Connected(SocketType type) => NamespaceThread.Run(() =>
    {
        Namespaces.SetNs(_namespace, NamespaceFlags.CLONE_NEWNET);
        Socket socket = new(AddressFamily.InterNetwork, type, ProtocolType.Unspecified) { ReceiveTimeout = 15_000 };
        socket.Connect(IPAddress.Parse("127.0.0.11"), 53);
        return socket;
    });

    public void Dispose()
    {
        Processes.Kill(_supervisor, Signal.SIGTERM);
        Assert.True(Waiting.Wait(_supervisor).HasEnded);
        _namespace.Dispose();
        _directory.Delete(recursive: true);
        _root.Dispose();
    }

    private static void Replace(string path, byte[] content)
    {
        File.WriteAllBytes(path + ".new", content);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static Outcome Do(string program, string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return Cdock.Finish(process);
    }

    private static (SafeFileHandle Namespace, SafeFileHandle Udp, SafeFileHandle Tcp) MakeNamespace()
    {
        Namespaces.Unshare(NamespaceFlags.CLONE_NEWNET);
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        Netlink.Send(netlink, Netlink.LoopbackUp());
        return (Files.Open("/proc/thread-self/ns/net", OpenFlags.O_RDONLY), Bound(InternetSocketType.SOCK_DGRAM), Bound(InternetSocketType.SOCK_STREAM));
    }

    private static SafeFileHandle Bound(InternetSocketType type)
    {
        InternetAddress address = new(IPAddress.Parse("127.0.0.11"), 53);
        SafeFileHandle socket = InternetSockets.Create(type, address);
        InternetSockets.Bind(socket, address);
        return socket;
    }

    private void WriteConfig()
    {
        Outcome made = Do(Ception, ["spec", "--bundle", _directory.FullName]);
        Assert.True(made.ExitCode == 0, made.Error);
        string path = Path.Join(_directory.FullName, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config["process"]!["terminal"] = false;
        config["process"]!["args"] = new JsonArray("busybox", "sleep", "1000");
        config["root"]!["path"] = _root.Location;
        foreach (JsonNode? one in config["linux"]!["namespaces"]!.AsArray())
        {
            if ((string?)one!["type"] == "network")
            {
                one["path"] = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{_namespace.DangerousGetHandle()}");
            }
        }

        File.WriteAllText(path, config.ToJsonString());
    }

    private int Start(SafeFileHandle[] further)
    {
        SupervisePlan plan = new()
        {
            Id = Id,
            Name = "asker",
            Image = "host",
            Directory = _directory.FullName,
            RuntimeRoot = RuntimeRoot,
            LogDriver = "none",
            StopSignal = 9,
            Dns = new DnsPlan { Udp = 4, Tcp = 5, File = Path.Join(_directory.FullName, DnsNames.FileName) },
            Held = [.. further.Skip(2).Select((_, i) => $"held {i}")],
        };
        string file = Path.Join(_directory.FullName, SupervisePlan.FileName);
        File.WriteAllBytes(file, plan.ToJson());
        using SafeFileHandle directory = Files.Open(_directory.FullName, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        {
            int pid;
            using (write)
            {
                pid = Spawning.PosixSpawn(Ception, [Ception, "supervise", file], [$"PATH={Environment.GetEnvironmentVariable("PATH")}"],
                    directory, write, nothing, SpawnFlags.POSIX_SPAWN_SETSID, further: further);
            }

            string failure = System.Text.Encoding.UTF8.GetString(FileContents.ReadAll(read, StartFailure.BytesMax));
            Assert.True(failure.Length == 0, failure);
            return pid;
        }
    }
}
