using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Containerception.Images;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>An image made for a test: layers byte by byte, busybox in the lowest.</summary>
internal sealed class TestImage
{
    private static readonly string[] Applets =
        ["sh", "cat", "echo", "env", "id", "ls", "touch", "true", "pwd", "hostname", "stat", "mount", "mkdir", "rm", "readlink", "sleep", "find", "ln", "chmod", "chown", "mv", "test", "grep", "head", "umount"];

    private readonly List<byte[]> _layers = [];

    public JsonObject Config { get; } = [];

    /// <summary>busybox, a user called app, and a few directories.</summary>
    public static TestImage Busybox()
    {
        Needs.PathTo("/usr/bin/busybox");
        HostileTar lowest = new();
        foreach (string folder in new[] { "bin", "etc", "home", "root", "usr", "var" })
        {
            lowest.Folder(folder + "/");
        }

        lowest.Folder("tmp/", 0x3FF).File("bin/busybox", Encoding.Latin1.GetString(File.ReadAllBytes("/usr/bin/busybox")), 0x1ED);
        foreach (string applet in Applets)
        {
            lowest.Link("bin/" + applet, "busybox");
        }

        lowest.File("etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1234:1235::/home/app:/bin/sh\n5678:x:0:0::/:/bin/sh\n");
        lowest.File("etc/group", "root:x:0:\nwheel:x:10:root\napp:x:1235:\nstaff:x:50:app\n");
        return new TestImage().Layer(lowest.File("old", "as it was\n").End());
    }

    public TestImage Layer(byte[] archive)
    {
        _layers.Add(archive);
        return this;
    }

    public TestImage With(string name, JsonNode value)
    {
        Config[name] = value;
        return this;
    }

    /// <summary>docker's archive of it.</summary>
    public byte[] Archive(string name)
    {
        JsonObject document = new()
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = Config.DeepClone(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. _layers.Select(layer => JsonValue.Create($"sha256:{Convert.ToHexStringLower(SHA256.HashData(layer))}"))]) },
        };
        JsonObject entry = new()
        {
            [nameof(Config)] = "config.json",
            ["RepoTags"] = new JsonArray(name),
            ["Layers"] = new JsonArray([.. _layers.Select((_, i) => JsonValue.Create($"{i}/layer.tar"))]),
        };
        HostileTar tar = new HostileTar().File("config.json", document.ToJsonString()).File("manifest.json", new JsonArray(entry).ToJsonString());
        for (int i = 0; i < _layers.Count; i++)
        {
            tar.File($"{i}/layer.tar", Encoding.Latin1.GetString(_layers[i]));
        }

        return tar.End();
    }

    /// <summary>Puts it into a state directory.</summary>
    public LoadedImage Load(string root, string name = "test")
    {
        byte[] archive = Archive(name);
        using Database database = Database.Open(root);
        using MemoryStream stream = new(archive);
        return new ImageLoader(new ImageStore(root, database)).Load(stream, PlatformChoice.OfThisMachine)[0];
    }
}
