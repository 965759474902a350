using System.Text.Json;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A bundle with busybox and the probe in its root file system. What a test does not change is the runtime's own <c>spec</c>.</summary>
internal sealed class Bundle
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string[] Applets =
    [
        "sh", "cat", "ls", "echo", "sleep", "true", "false", "id", "mkdir", "touch", "mount", "umount", "stat", "grep", "dd", "mknod", "ps",
        "kill", "env", "pwd", "chmod", "ln", "rm", "readlink", "head", "seq", "test", "stty", "tty", "date", "wc", "cp", "mv", "hostname", "trap",
    ];

    public Bundle(string path, string token, OciRuntime runtime)
    {
        Path = path;
        RootFs = System.IO.Path.Combine(path, "rootfs");
        foreach (string folder in (ReadOnlySpan<string>)["bin", "proc", "sys", "dev", "tmp", "etc", "mnt"])
        {
            Directory.CreateDirectory(System.IO.Path.Combine(RootFs, folder));
        }

        File.Copy("/bin/busybox", InRoot("bin/busybox"));
        File.Copy(Repository.Probe, InRoot("bin/probe"));
        foreach (string applet in Applets)
        {
            File.CreateSymbolicLink(InRoot("bin/" + applet), "busybox");
        }

        runtime.Invoke("spec", "--bundle", path).Succeeded();
        Config = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(path, "config.json")))!.AsObject();
        Config.Set("process.terminal", false);
        Config.At("process.env").AsArray().Add($"{Leftovers.TokenName}={token}");
    }

    public string Path { get; }

    public string RootFs { get; }

    public JsonObject Config { get; }

    /// <summary>A path of the container as the host sees it.</summary>
    public string InRoot(string path) => System.IO.Path.Combine(RootFs, path.TrimStart('/'));

    /// <summary>Writes config.json.</summary>
    public void Save() => Save(Config.ToJsonString(Indented));

    public void Save(string config) => File.WriteAllText(System.IO.Path.Combine(Path, "config.json"), config);
}

/// <summary>Reaching into a document by a path of names: <c>linux.resources.pids</c>.</summary>
internal static class Documents
{
    public static JsonNode At(this JsonNode node, string path)
    {
        foreach (string name in path.Split('.'))
        {
            node = node[name] ?? throw new KeyNotFoundException(path);
        }

        return node;
    }

    /// <summary>Sets a member, and makes the objects on the way to it.</summary>
    public static void Set(this JsonObject root, string path, JsonNode? value)
    {
        string[] names = path.Split('.');
        JsonObject node = root;
        foreach (string name in names[..^1])
        {
            if (node[name] is not JsonObject next)
            {
                next = [];
                node[name] = next;
            }

            node = next;
        }

        node[names[^1]] = value;
    }

    public static void SetWords(this JsonObject root, string path, params string[] words) => root.Set(path, words.ToJson());

    public static void RemovePath(this JsonObject root, string path)
    {
        int dot = path.LastIndexOf('.');
        JsonObject owner = dot < 0 ? root : root.At(path[..dot]).AsObject();
        owner.Remove(path[(dot + 1)..]);
    }

    public static string[] Strings(this JsonNode? node) => node is null ? [] : [.. node.AsArray().Select(item => item!.GetValue<string>())];

    public static JsonArray ToJson(this IEnumerable<string> words) => [.. words.Select(word => JsonValue.Create(word))];
}
