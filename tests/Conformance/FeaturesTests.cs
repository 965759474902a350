using System.Text.Json;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>What features says, beside what runc says of itself, field by field. runtime-spec, features.md.</summary>
public sealed class FeaturesTests : ContainerTest
{
    /// <summary>Where the peers' chroot is: bench/peers makes it.</summary>
    private static readonly string Peers = Path.Combine(Environment.GetEnvironmentVariable("CONTAINERCEPTION_CACHE") ?? "/var/cache/containerception", "peers");

    /// <summary>What runc has and ception has not, and why. Who adds it takes it from here.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["annotations.org.opencontainers.runc.commit"] = "a third party should not report it",
        ["linux.seccomp.archs: SCMP_ARCH_LOONGARCH64"] = "libseccomp 2.6",
        ["potentiallyUnsafeConfigAnnotations: org.criu.config"] = "not done by this version",
    };

    [Fact]
    public void It_has_every_field_that_runc_has()
    {
        Needs.PathTo(Path.Combine(Peers, "usr/sbin/runc"));
        JsonNode theirs = JsonNode.Parse(Command.Run("chroot", Peers, "runc", "features").Succeeded())!;
        List<string> missing = [];
        Compare("", theirs, Features(), missing);
        Assert.Equal([], missing.Except(Differences.Keys));
    }

    [Fact]
    public void It_has_the_fields_of_later_versions()
    {
        JsonNode linux = Features()["linux"]!;
        Assert.Contains("MPOL_WEIGHTED_INTERLEAVE", linux.At("memoryPolicy.modes").Strings());
        Assert.Contains("MPOL_F_STATIC_NODES", linux.At("memoryPolicy.flags").Strings());
        Assert.Contains("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", linux.At("seccomp.knownFlags").Strings());
        Assert.Contains("run.oci.", Features()["potentiallyUnsafeConfigAnnotations"].Strings());
    }

    [Fact]
    public void Lists_are_sorted_as_runc_sorts_them()
    {
        Assert.Equal(Features()["mountOptions"].Strings().Order(StringComparer.Ordinal), Features()["mountOptions"].Strings());
        Assert.Equal(["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"], Features()["hooks"].Strings());
    }

    /// <summary>Objects by their fields, lists by their members, switches where the other is on; words and numbers are each one's own.</summary>
    private static void Compare(string path, JsonNode theirs, JsonNode? ours, List<string> missing)
    {
        if (ours is null || ours.GetValueKind() != theirs.GetValueKind())
        {
            // A switch is of one of two kinds.
            if (ours?.GetValueKind() != JsonValueKind.True)
            {
                missing.Add(path);
            }

            return;
        }

        if (theirs is JsonObject fields)
        {
            foreach ((string name, JsonNode? value) in fields)
            {
                Compare(path.Length == 0 ? name : $"{path}.{name}", value!, ours[name], missing);
            }
        }
        else if (theirs is JsonArray)
        {
            missing.AddRange(theirs.Strings().Except(ours.Strings()).Select(word => $"{path}: {word}"));
        }
    }

    private JsonNode Features() => JsonNode.Parse(Runtime.InvokeBare("features").Succeeded())!;
}
