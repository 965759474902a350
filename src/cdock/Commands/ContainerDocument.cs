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
            ["NetworkSettings"] = Network(details.Config),
        };
    }

    public static JsonArray Texts(IEnumerable<string> texts)
    {
        JsonNode?[] nodes = [.. texts.Select(text => (JsonNode?)text)];
        return new JsonArray(nodes);
    }

    public static string NetworkMode(RuntimeConfig config) => Has(config, "network") ? "none" : "host";

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
            ["AttachStdin"] = one.OpenStdin,
            ["AttachStdout"] = true,
            ["AttachStderr"] = true,
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

    private static JsonObject Network(RuntimeConfig config) => new()
    {
        ["Bridge"] = "",
        ["SandboxID"] = "",
        ["SandboxKey"] = "",
        ["Ports"] = new JsonObject(),
        ["Gateway"] = "",
        ["IPAddress"] = "",
        ["IPPrefixLen"] = 0,
        ["MacAddress"] = "",
        ["Networks"] = new JsonObject { [NetworkMode(config)] = new JsonObject { ["IPAddress"] = "", ["Gateway"] = "", ["MacAddress"] = "" } },
    };

    private static string Source(RuntimeConfig config, string destination)
        => config.Mounts.FirstOrDefault(mount => mount.Destination == destination)?.Source ?? "";
}
