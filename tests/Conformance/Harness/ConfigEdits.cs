using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>The changes to a config.json that many tests make, in the specification's words.</summary>
internal static class ConfigEdits
{
    public static void WithoutNamespace(this JsonObject config, string type)
    {
        JsonArray namespaces = config.At("linux.namespaces").AsArray();
        foreach (JsonNode? item in namespaces.Where(item => item!["type"]!.GetValue<string>() == type).ToArray())
        {
            namespaces.Remove(item);
        }
    }

    /// <summary>A new namespace, or with a path one that exists.</summary>
    public static void WithNamespace(this JsonObject config, string type, string? path = null)
    {
        config.WithoutNamespace(type);
        JsonObject item = new() { ["type"] = type };
        if (path is not null)
        {
            item["path"] = path;
        }

        config.At("linux.namespaces").AsArray().Add(item);
    }

    /// <summary>Exactly these new namespaces.</summary>
    public static void WithNamespaces(this JsonObject config, params IEnumerable<string> types)
        => config.Set("linux.namespaces", new JsonArray([.. types.Select(type => new JsonObject { ["type"] = type })]));

    /// <summary>A user namespace in which <paramref name="size"/> ids from 0 on are <paramref name="hostId"/> and on of the host.</summary>
    public static void WithUserNamespace(this JsonObject config, uint hostId = 100000, uint size = 65536)
    {
        config.WithNamespace("user");
        foreach (string map in (ReadOnlySpan<string>)["uidMappings", "gidMappings"])
        {
            config.Set("linux." + map, new JsonArray(new JsonObject { ["containerID"] = 0, ["hostID"] = hostId, ["size"] = size }));
        }
    }

    public static void AddMount(this JsonObject config, string destination, string type, string source, params IEnumerable<string> options)
        => config.At("mounts").AsArray().Add(new JsonObject
        {
            ["destination"] = destination,
            ["type"] = type,
            ["source"] = source,
            ["options"] = options.ToJson(),
        });

    public static void RemoveMount(this JsonObject config, string destination)
    {
        JsonArray mounts = config.At("mounts").AsArray();
        foreach (JsonNode? item in mounts.Where(item => item!["destination"]!.GetValue<string>() == destination).ToArray())
        {
            mounts.Remove(item);
        }
    }

    public static void WithCapabilities(this JsonObject config, params string[] names)
    {
        JsonObject sets = [];
        foreach (string set in (ReadOnlySpan<string>)["bounding", "effective", "permitted"])
        {
            sets[set] = names.ToJson();
        }

        config.Set("process.capabilities", sets);
    }

    /// <summary>What a test with its own mounts and devices needs; not more, for the machine itself may lack the rest.</summary>
    public static void WithManyCapabilities(this JsonObject config) => config.WithCapabilities(
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_MKNOD");

    public static void AddEnvironment(this JsonObject config, params IEnumerable<string> entries)
    {
        foreach (string entry in entries)
        {
            config.At("process.env").AsArray().Add(entry);
        }
    }

    public static void AddHook(this JsonObject config, string kind, string path, params string[] args)
    {
        if (config["hooks"]?[kind] is not JsonArray hooks)
        {
            hooks = [];
            config.Set("hooks." + kind, hooks);
        }

        hooks.Add(new JsonObject { ["path"] = path, ["args"] = args.Prepend(path).ToJson() });
    }

    public static void WithSeccomp(this JsonObject config, string defaultAction, params IEnumerable<JsonObject> rules)
        => config.Set("linux.seccomp", new JsonObject
        {
            ["defaultAction"] = defaultAction,
            ["architectures"] = new JsonArray("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"),
            ["syscalls"] = new JsonArray([.. rules]),
        });
}
