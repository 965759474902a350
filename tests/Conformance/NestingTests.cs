using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class NestingTests : ContainerTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_container_in_a_container_runs_a_program(int depth)
    {
        Needs.PathTo(OciRuntime.Program);
        string linked = Command.Run("ldd", OciRuntime.Program).ToString();
        Needs.Met(linked.Contains("statically", StringComparison.Ordinal) || linked.Contains("not a dynamic", StringComparison.Ordinal),
            "a runtime that runs in any root file system: a static program");
        Prepare(depth);
        Assert.Equal($"inside {depth}", Run().Succeeded());
    }

    /// <summary>Each root file system holds the runtime and the bundle of the next container; the innermost only says hello.</summary>
    private void Prepare(int depth)
    {
        Bundle bundle = Bundle;
        for (int level = 1; level <= depth; level++)
        {
            bundle.Config.WithCapabilities(OwnCapabilities());
            bundle.Config.Set("root.readonly", false);
            bundle.Config.RemovePath("linux.maskedPaths");
            bundle.Config.RemovePath("linux.readonlyPaths");
            bundle.Config.WithNamespace("cgroup");
            bundle.Config.Set("linux.resources", JsonNode.Parse("""{"devices": [{"allow": true, "access": "rwm"}]}"""));
            bundle.Config.RemoveMount("/sys/fs/cgroup");
            bundle.Config.AddMount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "rw");
            bundle.Config.RemoveMount("/sys");
            bundle.Config.At("mounts").AsArray().Insert(0, new JsonObject
            {
                ["destination"] = "/sys",
                ["type"] = "sysfs",
                ["source"] = "sysfs",
                ["options"] = new JsonArray("nosuid", "noexec", "nodev"),
            });
            bundle.Config.AddMount("/run", "tmpfs", "tmpfs");
            bundle.Config.AddEnvironment("HOME=/");
            if (level == depth)
            {
                bundle.Config.SetWords("process.args", "/bin/echo", $"inside {depth}");
                bundle.Save();
                return;
            }

            Directory.CreateDirectory(bundle.InRoot("/run"));
            File.Copy(OciRuntime.Program, bundle.InRoot("/bin/runtime"));
            bundle.Config.SetWords("process.args", "/bin/runtime", "run", "--bundle", "/inner", $"level-{level + 1}");
            bundle.Save();
            bundle = new Bundle(bundle.InRoot("/inner"), Id, Runtime);
        }
    }

    /// <summary>All that the machine has: a container cannot have more.</summary>
    private static string[] OwnCapabilities()
        => [.. JsonNode.Parse(Command.Run(Repository.Probe, "caps").Succeeded())!["bounding"].Strings()];
}
