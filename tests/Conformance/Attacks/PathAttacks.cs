using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>Paths of every odd form, in every field that takes one: they stay inside, or are refused.</summary>
public sealed class PathAttacks : ContainerTest
{
    private static readonly string Long = string.Concat(Enumerable.Repeat("/mnt/link/..", 340))[..4000];

    public static TheoryData<string> Paths =>
    [
        "/mnt/link/", "/mnt/link//", "/mnt/link/.", "/mnt/link/./made/", "//mnt//link//made", "/mnt/../mnt/link/made", "/mnt/link/../link/made", "/../../mnt/link/made",
        "mnt/link/made", "./mnt/link/made", "../mnt/link/made", "/mnt/link/../../../../../../../../../../../../tmp/made", "/mnt/" + new string('x', 256),
        Long, Long + "/" + new string('y', 200), "/mnt/link/\u202e", "/mnt/link/\\..\\made", "/proc/self/root/../mnt/link/made", "/dev/fd/../link",
    ];

    [Theory]
    [MemberData(nameof(Paths))]
    public void CVE_2026_39822_a_path_of_an_odd_form(string path)
    {
        Canary canary = new(Scratch);
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), canary.Folder);
        string whole = Config.ToJsonString();
        foreach (string field in (ReadOnlySpan<string>)["tmpfs", "file", "cwd", "masked", "readonly", "device"])
        {
            Set(field, path);
            Outcome outcome = Shell("cat /mnt/link/secret; ls -la /mnt/link/.; pwd");
            Assert.DoesNotContain("of the host", outcome.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", outcome.Errors, StringComparison.Ordinal);
            canary.AssertUntouched();
            foreach ((string name, JsonNode? value) in JsonNode.Parse(whole)!.AsObject())
            {
                Config[name] = value?.DeepClone();
            }
        }
    }

    [Theory]
    [InlineData("process.cwd")]
    [InlineData("root.path")]
    [InlineData("hostname")]
    [InlineData("linux.cgroupsPath")]
    public void CVE_2026_39822_a_path_with_a_nul(string field)
    {
        Config.Set(field, "/mnt\0/../../..");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("NUL", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/../../../../../../../../etc")]
    [InlineData("../../../../../../../../../../tmp/made-of-a-test")]
    public void A_cgroup_path_that_climbs_stays_below_the_hierarchies(string path)
    {
        string[] before = [.. Groups()];
        Config.Set("linux.cgroupsPath", path + "/" + Id);
        try
        {
            Shell("true");
            Assert.False(Directory.Exists("/tmp/made-of-a-test") || Directory.Exists("/etc/" + Id));
        }
        finally
        {
            // The groups above a container's stay, as with runc.
            foreach (string made in Groups().Except(before))
            {
                Command.Run("find", made, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Succeeded();
            }
        }
    }

    private static IEnumerable<string> Groups() => CgroupFiles.Beginnings().Where(Directory.Exists).SelectMany(Directory.GetDirectories);

    private void Set(string field, string path)
    {
        switch (field)
        {
            case "tmpfs":
                Config.AddMount(path, "tmpfs", "tmpfs");
                break;
            case "file":
                Config.AddMount(path, "bind", "/etc/hostname", "bind");
                break;
            case "cwd":
                Config.Set("process.cwd", path);
                break;
            case "masked":
                Config.SetWords("linux.maskedPaths", path);
                break;
            case "readonly":
                Config.SetWords("linux.readonlyPaths", path);
                break;
            default:
                Config.Set("linux.devices", new JsonArray(new JsonObject { ["path"] = path, ["type"] = "c", ["major"] = 1, ["minor"] = 3 }));
                break;
        }
    }
}
