using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Oci;
using Containerception.Supervision;

namespace Containerception.Cdock;

/// <summary>A container as <c>inspect</c> tells it: docker's members in docker's order, as far as they mean something here.</summary>
internal static class ContainerDocument
{
    private const string Never = "0001-01-01T00:00:00Z";

    public static JsonObject Of(ContainerDetails details)
    {
        ContainerInfo one = details.Info;
        return new JsonObject
        {
            ["Id"] = one.Id,
            ["Created"] = Words.Stamp(one.Created),
            ["Path"] = one.Command.Length > 0 ? one.Command[0] : "",
            ["Args"] = Texts(one.Command.Skip(1)),
            ["State"] = State(one),
            ["Image"] = one.ImageId ?? "",
            ["ResolvConfPath"] = Source(details.Config, "/etc/resolv.conf"),
            ["HostnamePath"] = Source(details.Config, "/etc/hostname"),
            ["HostsPath"] = Source(details.Config, "/etc/hosts"),
            ["LogPath"] = one.LogDriver == "json-file" ? Path.Join(one.Directory, "log") : "",
            ["Name"] = "/" + one.Name,
            ["RestartCount"] = one.RestartCount,
            ["Driver"] = "overlay2",
            ["Platform"] = "linux",
            ["MountLabel"] = "",
            ["ProcessLabel"] = "",
            ["AppArmorProfile"] = "",
            ["ExecIDs"] = null,
            ["HostConfig"] = HostConfigDocument.Of(details),
            ["GraphDriver"] = new JsonObject
            {
                ["Data"] = new JsonObject { ["UpperDir"] = Path.Join(one.Directory, "upper"), ["WorkDir"] = Path.Join(one.Directory, "work") },
                ["Name"] = "overlay2",
            },
            ["Mounts"] = Mounts(details.Mounts),
            ["Config"] = Config(details),
            ["NetworkSettings"] = Network(details),
        };
    }

    public static JsonArray Texts(IEnumerable<string> texts)
    {
        JsonNode?[] nodes = [.. texts.Select(text => (JsonNode?)text)];
        return new JsonArray(nodes);
    }

    public static string NetworkMode(ContainerDetails details) => details.Info.NetworkMode ?? (Has(details.Config, "network") ? "none" : "host");

    /// <summary>docker's <c>Ports</c>, and with what was asked for its <c>PortBindings</c>: for each port of the container those of the host.</summary>
    public static JsonObject Ports(IEnumerable<(string Container, string? HostAddress, string? HostPort)> ports)
        => new(ports.GroupBy(port => port.Container).Select(port => KeyValuePair.Create(port.Key, (JsonNode?)Bindings(port))));

    public static bool Has(RuntimeConfig config, string type) => config.Linux?.Namespaces.Any(one => one.Type == type) ?? false;

    private static JsonObject State(ContainerInfo one)
    {
        JsonObject state = new()
        {
            ["Status"] = one.State.ToString().ToLowerInvariant(),
            ["Running"] = one.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting,
            ["Paused"] = one.State == ContainerState.Paused,
            ["Restarting"] = one.State == ContainerState.Restarting,
            ["OOMKilled"] = one.OomKills > 0,
            ["Dead"] = false,
            ["Pid"] = one.Pid,
            ["ExitCode"] = one.ExitCode ?? 0,

            // docker's readers have no such members, and skip them.
            ["Signal"] = one.Signal == 0 ? "" : Linux.Signals.Name((Linux.Signal)one.Signal),
            ["OOMKills"] = one.OomKills,
            ["Error"] = one.Reason ?? "",
            ["StartedAt"] = one.Started is DateTimeOffset started ? Words.Stamp(started) : Never,
            ["FinishedAt"] = one.Finished is DateTimeOffset finished ? Words.Stamp(finished) : Never,
        };
        if (one.Health is HealthReport health)
        {
            state["Health"] = Health(health);
        }

        return state;
    }

    private static JsonObject Health(HealthReport health)
    {
        JsonNode?[] log =
        [
            .. health.Log.Select(check => new JsonObject
            {
                ["Start"] = Words.Stamp(check.Start),
                ["End"] = Words.Stamp(check.End),
                ["ExitCode"] = check.ExitCode,
                ["Output"] = check.Output,
            }),
        ];
        return new JsonObject { ["Status"] = health.Status, ["FailingStreak"] = health.FailingStreak, ["Log"] = new JsonArray(log) };
    }

    private static JsonArray Mounts(IEnumerable<ContainerMount> mounts)
    {
        JsonNode?[] all = [.. mounts.Select(Mount)];
        return new JsonArray(all);
    }

    private static JsonObject Mount(ContainerMount mount)
    {
        JsonObject document = new() { ["Type"] = mount.Type };
        if (mount.Name is string name)
        {
            document["Name"] = name;
        }

        document["Source"] = mount.Source;
        document["Destination"] = mount.Destination;
        if (mount.Name is not null)
        {
            document["Driver"] = "local";
        }

        document["Mode"] = mount.IsWritable ? "" : "ro";
        document["RW"] = mount.IsWritable;
        document["Propagation"] = mount.Propagation;
        return document;
    }

    private static JsonObject Config(ContainerDetails details)
    {
        ContainerInfo one = details.Info;
        ProcessConfig process = details.Config.Process ?? new ProcessConfig { Cwd = "/" };
        JsonObject config = new()
        {
            ["Hostname"] = details.Config.Hostname ?? "",
            ["Domainname"] = details.Config.Domainname ?? "",
            ["User"] = process.User is { Uid: 0, Gid: 0 } ? "" : string.Create(CultureInfo.InvariantCulture, $"{process.User.Uid}:{process.User.Gid}"),
            ["AttachStdin"] = one.Attach.Contains("stdin"),
            ["AttachStdout"] = one.Attach.Contains("stdout"),
            ["AttachStderr"] = one.Attach.Contains("stderr"),
            ["ExposedPorts"] = new JsonObject(one.ExposedPorts.Concat(details.Networking.Ports.Select(port => port.ContainerName)).Distinct().Order(StringComparer.Ordinal)
                .Select(name => KeyValuePair.Create(name, (JsonNode?)new JsonObject()))),
            ["Tty"] = one.Tty,
            ["OpenStdin"] = one.OpenStdin,
            ["StdinOnce"] = one.OpenStdin,
            ["Env"] = Texts(process.Env),
            ["Cmd"] = one.Command.Length > one.EntrypointLength ? Texts(one.Command.Skip(one.EntrypointLength)) : null,
            ["Image"] = one.Image,
            ["Volumes"] = null,
            ["WorkingDir"] = process.Cwd,
            ["Entrypoint"] = one.EntrypointLength > 0 ? Texts(one.Command.Take(one.EntrypointLength)) : null,
            ["OnBuild"] = null,
            ["Labels"] = VolumeDocument.Map(one.Labels),
            ["StopSignal"] = Linux.Signals.Name((Linux.Signal)one.StopSignal),
            ["StopTimeout"] = one.StopTimeoutSeconds,
        };
        if (one.HealthPlan is HealthPlan plan)
        {
            config["Healthcheck"] = new JsonObject
            {
                ["Test"] = Texts(["CMD", .. plan.Command]),
                ["Interval"] = plan.Interval.Ticks * TimeSpan.NanosecondsPerTick,
                ["Timeout"] = plan.Timeout.Ticks * TimeSpan.NanosecondsPerTick,
                ["StartPeriod"] = plan.StartPeriod.Ticks * TimeSpan.NanosecondsPerTick,
                ["StartInterval"] = plan.StartInterval.Ticks * TimeSpan.NanosecondsPerTick,
                ["Retries"] = plan.Retries,
            };
        }

        return config;
    }

    private static JsonObject Network(ContainerDetails details)
    {
        ContainerInfo one = details.Info;
        bool runs = one.Pid > 0;
        EndpointInfo? bridge = runs ? one.Networks.FirstOrDefault(endpoint => endpoint.NetworkName == NetworkingRequest.DefaultNetwork) : null;
        return new JsonObject
        {
            ["Bridge"] = "",
            ["SandboxID"] = "",
            ["SandboxKey"] = runs ? string.Create(CultureInfo.InvariantCulture, $"/proc/{one.Pid}/ns/net") : "",
            ["Ports"] = Ports(
            [
                .. one.Ports.Select(port => (port.ContainerName, (string?)port.HostAddress.ToString(), (string?)port.HostPort.ToString(CultureInfo.InvariantCulture))),
                .. runs ? one.ExposedPorts.Where(name => !one.Ports.Any(port => port.ContainerName == name)).Select(name => (name, (string?)null, (string?)null)) : [],
            ]),
            ["Gateway"] = bridge?.Gateway4?.ToString() ?? "",
            ["GlobalIPv6Address"] = bridge?.Address6?.ToString() ?? "",
            ["GlobalIPv6PrefixLen"] = bridge?.Address6 is null ? 0 : bridge.PrefixLength6,
            ["IPAddress"] = bridge?.Address4?.ToString() ?? "",
            ["IPPrefixLen"] = bridge?.PrefixLength4 ?? 0,
            ["IPv6Gateway"] = bridge?.Gateway6?.ToString() ?? "",
            ["MacAddress"] = bridge?.HardwareAddress ?? "",
            ["Networks"] = one.Networks.IsEmpty
                ? new JsonObject { [NetworkMode(details)] = new JsonObject { ["IPAddress"] = "", ["Gateway"] = "", ["MacAddress"] = "" } }
                : new JsonObject(one.Networks.Select(endpoint => KeyValuePair.Create(endpoint.NetworkName, (JsonNode?)NetworkDocument.Place(endpoint, one.Name, runs)))),
        };
    }

    // An exposed port that leads nowhere is null.
    private static JsonArray? Bindings(IEnumerable<(string Container, string? HostAddress, string? HostPort)> ports)
    {
        JsonNode?[] bindings =
        [
            .. ports.Where(port => port.HostPort is not null).Select(port => new JsonObject { ["HostIp"] = port.HostAddress ?? "", ["HostPort"] = port.HostPort }),
        ];
        return bindings.Length == 0 ? null : new JsonArray(bindings);
    }

    private static string Source(RuntimeConfig config, string destination)
        => config.Mounts.FirstOrDefault(mount => mount.Destination == destination)?.Source ?? "";
}
