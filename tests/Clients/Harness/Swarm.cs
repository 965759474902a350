using System.Globalization;

namespace Containerception.Clients.Tests;

/// <summary>
/// Three machines with a docker each, in one swarm: in a session, each has its processes, files, name and network, joined by a bridge. A machine
/// that is unplugged is gone with all that ran on it.
/// </summary>
internal sealed class Swarm : IDisposable
{
    public const int Nodes = 3;

    // A daemon is not the first process of its machine: nobody would bury who is left to that.
    private const string Plug = """
        ip link show br0 2>/dev/null >&2 || { ip link add br0 type bridge; ip addr add 10.99.0.254/24 dev br0; ip link set br0 up; }
        ip netns add node$1
        ip link add node$1 type veth peer name eth0 netns node$1
        ip link set node$1 master br0 up
        ip -n node$1 addr add 10.99.0.$1/24 dev eth0
        ip -n node$1 link set eth0 up
        ip -n node$1 link set lo up
        ip -n node$1 route add default via 10.99.0.254
        mkdir -p /var/lib/docker/node$1
        setsid nsenter --net=/run/netns/node$1 unshare --mount --uts --pid --fork --kill-child --mount-proc --propagation private sh -c "
          hostname node$1
          mount -t tmpfs -o mode=755 run /run
          mount --bind /var/lib/docker/node$1 /var/lib/docker
          dockerd --host unix:///tmp/node$1.sock
          wait" </dev/null >/var/log/node$1.log 2>&1 &
        echo $! >/tmp/node$1.pid
        """;

    public Swarm()
    {
        Session = new Session("docker");
        Needs.Met(Session.Shell("ip link add probe type vxlan id 42 dstport 4789 dev lo && ip link del probe").Status == 0, "vxlan in this kernel");
        Directory.CreateDirectory(Session.PathOf("/etc/docker"));
        File.WriteAllText(
            Session.PathOf("/etc/docker/daemon.json"),
            $$"""{ "runtimes": { "ception": { "path": "/usr/local/bin/ception" } }, "default-runtime": "{{Session.Runtime}}" }""");
        BusyboxImage.Write(Session.PathOf("/tmp/box.tar"));
        for (int node = 1; node <= Nodes; node++)
        {
            Session.Run("sh", "-c", Plug, "plug", Text(node)).Succeeded();
        }

        for (int node = 1; node <= Nodes; node++)
        {
            int one = node;
            Session.Until(() => On(one, "version").Status == 0, $"node {one} answers");
            On(node, "import", "/tmp/box.tar", Docker.Image).Succeeded();
        }

        On(1, "swarm", "init", "--advertise-addr", "10.99.0.1", "--dispatcher-heartbeat", "1s").Succeeded();
        string token = On(1, "swarm", "join-token", "--quiet", "worker").Succeeded();
        for (int node = 2; node <= Nodes; node++)
        {
            On(node, "swarm", "join", "--token", token, "10.99.0.1:2377").Succeeded();
        }
    }

    public Session Session { get; }

    /// <summary>What docker says on that machine; 1 is the manager.</summary>
    public Outcome On(int node, params string[] words) => Session.Run(["docker", "--host", $"unix:///tmp/node{Text(node)}.sock", .. words]);

    /// <summary>Where the tasks of a service run, sorted; a task that does not run yet is not among them.</summary>
    public string[] NodesOf(string service)
        => [.. On(1, "service", "ps", "--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}", service).Succeeded()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Contains(" Running ", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).Order()];

    /// <summary>Takes the power from a machine.</summary>
    public void Unplug(int node) => Session.Shell($"kill -KILL $(cat /tmp/node{Text(node)}.pid)").Succeeded();

    public void Dispose() => Session.Dispose();

    private static string Text(int node) => node.ToString(CultureInfo.InvariantCulture);
}
