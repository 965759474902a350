using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary>docker's <c>HostConfig</c>: what a container was allowed, as its config.json has it in force.</summary>
internal static class HostConfigDocument
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public static JsonObject Of(ContainerDetails details)
    {
        ContainerInfo one = details.Info;
        RuntimeConfig config = details.Config;
        LinuxConfig linux = config.Linux ?? new LinuxConfig();
        LinuxResources resources = linux.Resources ?? new LinuxResources();
        bool privileged = linux.MaskedPaths.IsEmpty && resources.Devices.Any(rule => rule is { Allow: true, Type: null or "a", Major: null, Minor: null });
        return new JsonObject
        {
            ["Binds"] = Binds(details),
            ["ContainerIDFile"] = "",
            ["LogConfig"] = new JsonObject { ["Type"] = one.LogDriver, ["Config"] = VolumeDocument.Map(one.LogOptions) },
            ["NetworkMode"] = ContainerDocument.NetworkMode(details),
            ["PortBindings"] = ContainerDocument.Ports(details.Networking.Ports.Select(port => (port.ContainerName, port.HostAddress?.ToString(), (string?)HostPort(port)))),
            ["RestartPolicy"] = new JsonObject { ["Name"] = one.Restart.Name, ["MaximumRetryCount"] = one.Restart.AttemptsMax },
            ["AutoRemove"] = one.AutoRemove,
            ["VolumeDriver"] = "",
            ["VolumesFrom"] = null,
            ["CapAdd"] = privileged ? null : SomeTexts(details.CapabilitiesAdded),
            ["CapDrop"] = SomeTexts(details.CapabilitiesDropped),
            ["CgroupnsMode"] = ContainerDocument.Has(config, "cgroup") ? "private" : "host",
            ["Dns"] = ContainerDocument.Texts(details.Networking.Dns),
            ["DnsOptions"] = ContainerDocument.Texts(details.Networking.DnsOptions),
            ["DnsSearch"] = ContainerDocument.Texts(details.Networking.DnsSearch),
            ["ExtraHosts"] = SomeTexts(details.Networking.AddHosts),
            ["GroupAdd"] = SomeTexts(config.Process?.User.AdditionalGids.Where(gid => gid != config.Process.User.Gid).Select(gid => gid.ToString(System.Globalization.CultureInfo.InvariantCulture)) ?? []),
            ["IpcMode"] = one.IpcOf is string donor ? $"container:{donor}" : one.IpcShareable ? "shareable"
                : !ContainerDocument.Has(config, "ipc") ? "host" : config.Mounts.Any(mount => mount.Destination == "/dev/shm") ? "private" : "none",
            ["OomScoreAdj"] = config.Process?.OomScoreAdj ?? 0,
            ["PidMode"] = one.PidOf is string seen ? $"container:{seen}" : ContainerDocument.Has(config, "pid") ? "" : "host",
            ["Privileged"] = privileged,
            ["PublishAllPorts"] = details.Networking.PublishAll,
            ["ReadonlyRootfs"] = config.Root?.Readonly ?? false,
            ["SecurityOpt"] = SecurityOptions(config, privileged),
            ["Tmpfs"] = Tmpfs(config),
            ["UTSMode"] = ContainerDocument.Has(config, "uts") ? "" : "host",
            ["UsernsMode"] = ContainerDocument.Has(config, "user") ? "private" : "",
            ["ShmSize"] = ShmSize(config),
            ["Sysctls"] = linux.Sysctl.IsEmpty ? null : VolumeDocument.Map(linux.Sysctl),
            ["Runtime"] = Path.GetFileName(one.Runtime),
            ["Init"] = config.Process?.Args.Contains("init-process") ?? false,
            ["CpuShares"] = resources.Cpu?.Shares ?? 0,
            ["Memory"] = resources.Memory?.Limit ?? 0,
            ["NanoCpus"] = resources.Cpu is { Quota: > 0 and long quota, Period: > 0 and ulong period } ? quota * NanosecondsPerSecond / (long)period : 0,
            ["CgroupParent"] = Path.GetDirectoryName(linux.CgroupsPath) is string parent and not "/cdock" ? parent : "",
            ["BlkioWeight"] = resources.BlockIo?.Weight ?? 0,
            ["CpusetCpus"] = resources.Cpu?.Cpus ?? "",
            ["CpusetMems"] = resources.Cpu?.Mems ?? "",
            ["MemoryReservation"] = resources.Memory?.Reservation ?? 0,
            ["MemorySwap"] = resources.Memory?.Swap ?? 0,
            ["MemorySwappiness"] = resources.Memory?.Swappiness is ulong swappiness ? JsonValue.Create(swappiness) : null,
            ["OomKillDisable"] = resources.Memory?.DisableOomKiller ?? false,
            ["PidsLimit"] = resources.Pids?.Limit is long pids ? JsonValue.Create(pids) : null,
            ["Ulimits"] = Ulimits(config.Process?.Rlimits ?? []),
            ["MaskedPaths"] = ContainerDocument.Texts(linux.MaskedPaths),
            ["ReadonlyPaths"] = ContainerDocument.Texts(linux.ReadonlyPaths),
        };
    }

    private static string HostPort(PortRequest port)
        => port.HostPort == 0 ? ""
            : port.HostPortLast == port.HostPort ? port.HostPort.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{port.HostPort}-{port.HostPortLast}");

    private static JsonArray? SomeTexts(IEnumerable<string> texts)
    {
        string[] some = [.. texts];
        return some.Length == 0 ? null : ContainerDocument.Texts(some);
    }

    private static JsonArray? Binds(ContainerDetails details)
        => SomeTexts(details.Mounts.Where(mount => mount.Type is "bind" or "volume")
            .Select(mount => $"{mount.Name ?? mount.Source}:{mount.Destination}{(mount.IsWritable ? "" : ":ro")}"));

    private static JsonArray? SecurityOptions(RuntimeConfig config, bool privileged)
    {
        List<string> options = [];
        if (config.Process?.NoNewPrivileges ?? false)
        {
            options.Add("no-new-privileges");
        }

        if (!privileged && config.Linux?.Seccomp is null)
        {
            options.Add("seccomp=unconfined");
        }

        return SomeTexts(options);
    }

    private static JsonObject? Tmpfs(RuntimeConfig config)
    {
        MountConfig[] mounts = [.. config.Mounts.Where(mount => mount.Type == "tmpfs" && mount.Destination is not ("/dev" or "/dev/shm"))];
        return mounts.Length == 0 ? null
            : VolumeDocument.Map(mounts.DistinctBy(mount => mount.Destination).Select(mount => KeyValuePair.Create(mount.Destination, string.Join(',', mount.Options))));
    }

    private static long ShmSize(RuntimeConfig config)
        => config.Mounts.FirstOrDefault(mount => mount is { Destination: "/dev/shm", Type: "tmpfs" })?.Options
            .Where(option => option.StartsWith("size=", StringComparison.Ordinal))
            .Select(option => ByteSize.TryParse(option["size=".Length..], out ByteSize size) ? size.Bytes : 0).FirstOrDefault() ?? 0;

    private static JsonArray? Ulimits(IReadOnlyList<RlimitConfig> limits)
    {
        JsonNode?[] all =
        [
            .. limits.Select(limit => new JsonObject
            {
                ["Hard"] = limit.Hard == ulong.MaxValue ? -1 : (long)limit.Hard,
                ["Name"] = limit.Type.Replace("RLIMIT_", "", StringComparison.Ordinal).ToLowerInvariant(),
                ["Soft"] = limit.Soft == ulong.MaxValue ? -1 : (long)limit.Soft,
            }),
        ];
        return all.Length == 0 ? null : new JsonArray(all);
    }
}
