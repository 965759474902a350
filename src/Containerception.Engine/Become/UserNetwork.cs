using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The network namespace in which a plain user's containers are connected with each other: bridges, rules and routes in the machine's own are
/// root's affair. It is kept with his user namespace, and pasta(1) connects it with the machine's: it has the machine's address and routes.
/// </summary>
public static class UserNetwork
{
    private const string Program = "pasta";
    private const string Device = "/dev/net/tun";
    private const string Interface = "pasta0";
    private const string RecordName = "keeper";
    private const string LockName = "pasta.lock";
    private const string PidName = "pasta.pid";
    private const string PlaceName = "network";
    private const int TextBytesMax = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // The machine's own loopback services are not the containers' (--no-map-gw); ports are published by who binds them outside.
    private static readonly string[] Arguments =
        ["--quiet", "--config-net", "--no-map-gw", "--ns-ifname", Interface, "-t", "none", "-u", "none", "-T", "none", "-U", "none", "--netns-only"];

    /// <summary>There is what connects it with the machine's: pasta, the device of tunnels, and a way out of the machine.</summary>
    public static bool IsPossible => Programs.Find(Program) is not null && CanOpen(Device) && HasWayOut();

    /// <summary>
    /// Does something where containers are connected with each other: for root on the calling thread, for a plain user on one that is in his
    /// network namespace and ends with the work.
    /// </summary>
    /// <exception cref="EngineException">There is no such namespace, or it cannot be connected.</exception>
    public static T Run<T>(Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return !PlainUser.IsRootOfHisOwn ? work() : NamespaceThread.Run(() =>
        {
            Enter();
            return work();
        });
    }

    /// <inheritdoc cref="Run{T}"/>
    public static void Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Moves the calling thread into the namespace, for good: only root of the machine's could come back. For root nothing is done.</summary>
    /// <exception cref="EngineException">There is no such namespace, or it cannot be connected.</exception>
    public static void Enter()
    {
        if (!PlainUser.IsRootOfHisOwn)
        {
            return;
        }

        using SafeFileHandle network = Open();
        using (SafeFileHandle gate = Files.Open(Path.Join(PlainUser.RuntimeDirectory, LockName), OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_NOFOLLOW, OwnerOnly))
        {
            // Two at once must not start two.
            FileContents.Flock(gate);
            if (!IsConnected(network))
            {
                EndEarlier();
                Connect(network);
            }
        }

        Namespaces.SetNs(network, NamespaceFlags.CLONE_NEWNET);
    }

    /// <summary>That network namespace; null for root, whose containers are connected in the machine's.</summary>
    internal static SafeFileHandle? TryOpen() => PlainUser.IsRootOfHisOwn ? Open() : null;

    private static bool CanOpen(string path)
    {
        try
        {
            using SafeFileHandle device = Files.Open(path, OpenFlags.O_RDWR);
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    // proc_net_route(5): a destination of nothing is everything.
    private static bool HasWayOut()
        => HasLine("/proc/net/route", line => line.Split('\t') is [_, "00000000", ..])
            || HasLine("/proc/net/ipv6_route", line => line.StartsWith("00000000000000000000000000000000 00 ", StringComparison.Ordinal) && !line.TrimEnd().EndsWith(" lo", StringComparison.Ordinal));

    private static bool HasLine(string path, Func<string, bool> holds) => File.Exists(path) && File.ReadLines(path).Any(holds);

    // The keeper's pid may have been used again: what was opened must be the namespace that is recorded.
    private static SafeFileHandle Open()
    {
        string record = Path.Join(PlainUser.RuntimeDirectory, RecordName);
        using SafeFileHandle file = Files.Open(record, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW);
        string[] words = Encoding.ASCII.GetString(FileContents.ReadAll(file, TextBytesMax)).TrimEnd().Split(' ');
        if (words is [string pid, _, string number] && pid.All(char.IsAsciiDigit))
        {
            SafeFileHandle network = Files.Open($"/proc/{pid}/ns/net", OpenFlags.O_RDONLY);
            if (FileStatuses.Statx(network).Inode.ToString(CultureInfo.InvariantCulture) == number)
            {
                return network;
            }

            network.Dispose();
        }

        throw new EngineException(FailureKind.System, $"the network namespace of this user is gone: {record} is not its keeper's", "try again: the next command makes another");
    }

    // pasta's interface goes with it.
    private static bool IsConnected(SafeFileHandle network) => NamespaceThread.Run(() =>
    {
        Namespaces.SetNs(network, NamespaceFlags.CLONE_NEWNET);
        return File.ReadLines("/proc/thread-self/net/dev").Any(line => line.TrimStart().StartsWith(Interface + ":", StringComparison.Ordinal));
    });

    // One that served a namespace whose keeper was killed.
    private static void EndEarlier()
    {
        string path = Path.Join(PlainUser.RuntimeDirectory, PidName);
        if (!File.Exists(path) || !int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) || pid <= 0)
        {
            return;
        }

        using SafeFileHandle? process = Processes.TryPidfdOpen(pid);
        if (process is not null && File.Exists($"/proc/{pid}/comm") && File.ReadAllText($"/proc/{pid}/comm") is ['p', 'a', 's', ..])
        {
            Processes.PidfdSendSignal(process, Signal.SIGTERM);
        }
    }

    private static void Connect(SafeFileHandle network)
    {
        string program = Programs.Find(Program) ?? throw new EngineException(
            FailureKind.NotFound, "`pasta`, which connects a plain user's networks with the machine's, is not in PATH",
            "install Debian's package passt, or use --network host or none");
        string place = Path.Join(PlainUser.RuntimeDirectory, PlaceName);
        string pid = Path.Join(PlainUser.RuntimeDirectory, PidName);
        File.WriteAllBytes(place, []);
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        using SafeFileHandle said = MemoryFiles.Create("pasta");
        int started = NamespaceThread.Run(() =>
        {
            // pasta gives up what it would take to open another process's namespace, and newer ones close what they inherit: so it gets a name.
            Mounts.BeginPrivate();
            Mounts.Bind(Descriptor.MagicLink(network), place);
            return Spawning.PosixSpawn(program, [program, .. Arguments, "--pid", pid, "--netns", place], RuntimeProgram.CallersEnvironment(), nothing, nothing, said);
        });

        // It goes to the background when all is set up.
        if (Waiting.Wait(started).ExitCode != 0)
        {
            MemoryFiles.Rewind(said);
            string words = Encoding.UTF8.GetString(FileContents.ReadAll(said, TextBytesMax)).TrimEnd().Split('\n').LastOrDefault(line => !line.Contains("syslog", StringComparison.Ordinal)) ?? "";
            throw new EngineException(
                FailureKind.System, $"pasta could not connect this user's networks with the machine's: {words}",
                "/dev/net/tun must be everybody's, and the machine must have a default route; or use --network host or none");
        }
    }
}
