namespace Containerception.Clients.Tests;

/// <summary>
/// docker swarm on three machines, with the runtime under test on each. Services are found by the names of their tasks (dnsrr): the virtual addresses
/// of a swarm, and its published ports, are made with ipvs, which not every kernel has.
/// </summary>
public sealed class SwarmTests : IDisposable
{
    private readonly Swarm _swarm = new();

    [Fact]
    public void A_service_runs_on_every_machine_and_grows_and_moves_when_one_of_them_dies()
    {
        Create("web", ["--replicas", "3", "--network", "host"], "sleep", "1000");
        Session.Until(() => _swarm.NodesOf("web") is ["node1", "node2", "node3"], "a task on every machine");
        Assert.Equal(Session.Runtime, _swarm.On(2, "inspect", "--format", "{{.HostConfig.Runtime}}", _swarm.On(2, "ps", "--quiet").Succeeded()).Succeeded());

        _swarm.On(1, "service", "scale", "--detach", "web=6").Succeeded();
        Session.Until(() => _swarm.NodesOf("web") is ["node1", "node1", "node2", "node2", "node3", "node3"], "two tasks on every machine");

        _swarm.Unplug(3);
        Session.Until(() => _swarm.NodesOf("web") is ["node1", "node1", "node1", "node2", "node2", "node2"], "the tasks moved");
        Assert.Contains("Down", _swarm.On(1, "node", "ls", "--filter", "name=node3").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_dies_is_replaced_and_limits_and_secrets_arrive()
    {
        File.WriteAllText(_swarm.Session.PathOf("/tmp/secret"), "hush\n");
        _swarm.On(1, "secret", "create", "word", "/tmp/secret").Succeeded();
        Create("one", ["--limit-memory", "32m", "--secret", "word", "--network", "host", "--restart-delay", "100ms", "--constraint", "node.hostname==node2"], "sleep", "1000");
        Session.Until(() => _swarm.NodesOf("one") is ["node2"], "it runs");

        string first = _swarm.On(2, "ps", "--quiet").Succeeded();
        Assert.Equal("hush", _swarm.On(2, "exec", first, "cat", "/run/secrets/word").Succeeded());
        Assert.Equal("33554432", _swarm.On(2, "inspect", "--format", "{{.HostConfig.Memory}}", first).Succeeded());
        _swarm.On(2, "kill", first).Succeeded();

        Session.Until(() => _swarm.On(2, "ps", "--quiet").Succeeded() is { Length: > 0 } second && second != first, "another one runs");
    }

    [Fact]
    public void Tasks_on_different_machines_reach_each_other_over_an_overlay_network_and_an_update_replaces_them()
    {
        _swarm.On(1, "network", "create", "--driver", "overlay", "--attachable", "net1").Succeeded();
        Create("web", ["--replicas", "3", "--network", "net1", "--endpoint-mode", "dnsrr"], "httpd", "-f", "-h", "/etc");
        Session.Until(() => _swarm.NodesOf("web") is ["node1", "node2", "node3"], "a task on every machine");

        // The names of all three come with the gossip of the machines.
        Session.Until(() => Addresses().Length == 3, "three addresses");
        foreach (string address in Addresses())
        {
            Session.Until(() => Ask("wget", "-qO-", $"http://{address}/group").Output.StartsWith("root:", StringComparison.Ordinal), $"{address} answers");
        }

        _swarm.On(1, "service", "update", "--detach", "--force", "--args", "sleep 1000", "web").Succeeded();
        Session.Until(
            () => _swarm.NodesOf("web").Length == 3
                && _swarm.On(2, "ps", "--no-trunc", "--format", "{{.Command}}").Output.Contains("sleep 1000", StringComparison.Ordinal),
            "the tasks are replaced");
    }

    public void Dispose() => _swarm.Dispose();

    private string[] Addresses()
        => [.. Ask("nslookup", "tasks.web").Output.Split('\n').Where(line => line.StartsWith("Address: 10.", StringComparison.Ordinal)).Select(line => line.Split(' ')[1])];

    private Outcome Ask(params string[] command) => _swarm.On(1, ["run", "--rm", "--network", "net1", Docker.Image, .. command]);

    private void Create(string name, string[] flags, params string[] command)
        => _swarm.On(1, ["service", "create", "--detach", "--no-resolve-image", "--name", name, .. flags, Docker.Image, .. command]).Succeeded();
}
