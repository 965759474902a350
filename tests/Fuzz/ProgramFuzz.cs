using System.Text;
using System.Text.Json.Nodes;
using Containerception.Oci;

namespace Containerception.Fuzz.Tests;

/// <summary>
/// The whole program, given bundles that are nearly right. It ends, with a status of its own or of the program, says one error, and leaves
/// nothing: no process, mount, control group or state.
/// </summary>
public sealed class ProgramFuzz : IDisposable
{
    private readonly string _token = $"fuzz-{Environment.ProcessId}";
    private readonly string _scratch;
    private int _count;

    public ProgramFuzz()
    {
        Needs.Root();
        Needs.PathTo("/bin/busybox");
        _scratch = Directory.CreateDirectory(Path.Combine("/dev/shm", _token)).FullName;
        foreach (string folder in (ReadOnlySpan<string>)["bin", "proc", "sys", "dev", "tmp", "etc"])
        {
            Directory.CreateDirectory(Path.Combine(_scratch, "rootfs", folder));
        }

        Directory.CreateDirectory(Path.Combine(_scratch, "source"));
        File.Copy("/bin/busybox", Path.Combine(_scratch, "rootfs/bin/true"));
    }

    [Fact]
    public void A_run_ends_with_a_status_and_leaves_nothing()
    {
        string[] mounts = File.ReadAllLines("/proc/self/mountinfo");
        byte[][] corpus = [.. Campaign.Corpus("config"), DefaultConfig.Create().ToJson()];
        int accepted = 0;
        Campaign.Run("program", choices => Harmless(Mutation.OfJson(choices, corpus)), document =>
        {
            string id = $"{_token}-{_count++}";
            File.WriteAllBytes(Path.Combine(_scratch, "config.json"), document);
            Outcome outcome = Ception("run", "--bundle", _scratch, id);
            accepted += outcome.Status == 0 ? 1 : 0;
            Assert.True(outcome.Status is 0 or 1 or (>= 126 and <= 192), outcome.ToString());
            Assert.True(outcome.Status == 0 || outcome.Status >= 126 || outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [_] or [_, _], outcome.ToString());
            Assert.DoesNotMatch("[A-Z][A-Za-z]+Exception", outcome.Errors);
            Assert.False(Directory.Exists(Path.Combine(_scratch, "state", id)), outcome.ToString());
        }, Encoding.UTF8.GetString);

        Assert.True(accepted > 0, "every config was refused: nothing was made");
        Assert.Equal(mounts.Where(IsOurs), File.ReadAllLines("/proc/self/mountinfo").Where(IsOurs));
        Assert.DoesNotContain(Directory.GetDirectories("/sys/fs/cgroup", "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }), IsOurs);
        Assert.DoesNotContain(Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])), path => IsOurs(CommandLineOf(path)));
    }

    public void Dispose()
    {
        Directory.Delete(_scratch, recursive: true);
        GC.SuppressFinalize(this);
    }

    private Outcome Ception(params string[] words)
    {
        using Command command = new([Path.Combine(Repository.Root, "out/ception"), "--root", Path.Combine(_scratch, "state"), .. words]);
        return command.Wait();
    }

    private bool IsOurs(string text) => text.Contains(_token, StringComparison.Ordinal);

    /// <summary>What could touch the machine that the fuzzing runs on is what it must be: root, program, sources, groups, no hooks, nothing joined.</summary>
    private byte[] Harmless(byte[] document)
    {
        if (Parsed(document) is not { } config)
        {
            return document;
        }

        config.Remove("hooks");
        config["root"] = new JsonObject { ["path"] = Path.Combine(_scratch, "rootfs") };
        if (config["process"] is JsonObject process)
        {
            process["args"] = new JsonArray("/bin/true");
        }

        if (config["linux"] is JsonObject linux)
        {
            linux["cgroupsPath"] = $"/{_token}-{_count}";
            foreach (JsonNode? item in linux["namespaces"] as JsonArray ?? [])
            {
                (item as JsonObject)?.Remove("path");
            }
        }

        foreach (JsonNode? mount in config["mounts"] as JsonArray ?? [])
        {
            if (mount is JsonObject map && map.ContainsKey("source"))
            {
                map["source"] = Path.Combine(_scratch, "source");
            }
        }

        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    /// <summary>What this cannot read, ception refuses: it is the same parser. Texts that are no Unicode show when they are read.</summary>
    private static JsonObject? Parsed(byte[] document)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(document, documentOptions: new() { AllowDuplicateProperties = false });
            ReadTexts(node);
            return node as JsonObject;
        }
        catch (Exception bad) when (bad is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void ReadTexts(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                map.ToList().ForEach(member => ReadTexts(member.Value));
                break;
            case JsonArray list:
                list.ToList().ForEach(ReadTexts);
                break;
            default:
                node?.ToJsonString();
                break;
        }
    }

    private static string CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
