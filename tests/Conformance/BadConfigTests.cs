using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A config that is wrong is refused in one line that names the field.</summary>
public sealed class BadConfigTests : ContainerTest
{
    [Theory]
    [InlineData("ociVersion", "\"2.0.0\"", "ociVersion")]
    [InlineData("ociVersion", "\"one\"", "ociVersion")]
    [InlineData("ociVersion", "null", "ociVersion")]
    [InlineData("process", "null", "process")]
    [InlineData("process", "[]", "process")]
    [InlineData("process.args", "[]", "process.args")]
    [InlineData("process.args", "[\"\"]", "executable")]
    [InlineData("process.args", "\"sh\"", "process.args")]
    [InlineData("process.args", "[\"a\\u0000b\"]", "process.args")]
    [InlineData("process.cwd", "\"tmp\"", "process.cwd")]
    [InlineData("process.cwd", "\"\"", "process.cwd")]
    [InlineData("process.cwd", "7", "process.cwd")]
    [InlineData("process.env", "[\"NOEQUALSSIGN\"]", "process.env[0]")]
    [InlineData("process.env", "[\"=x\"]", "process.env[0]")]
    [InlineData("process.user.uid", "-1", "process.user.uid")]
    [InlineData("process.user.uid", "4294967296", "process.user.uid")]
    [InlineData("process.user.uid", "4294967295", "process.user.uid")]
    [InlineData("process.user.gid", "\"root\"", "process.user.gid")]
    [InlineData("process.user.umask", "4096", "process.user.umask")]
    [InlineData("process.capabilities.effective", "[\"chown\"]", "process.capabilities.effective[0]")]
    [InlineData("process.rlimits", "[{\"type\": \"RLIMIT_FUN\", \"soft\": 1, \"hard\": 1}]", "process.rlimits[0].type")]
    [InlineData("process.rlimits", "[{\"type\": \"RLIMIT_NOFILE\", \"soft\": 2, \"hard\": 1}]", "process.rlimits[0].soft")]
    [InlineData("process.oomScoreAdj", "1001", "process.oomScoreAdj")]
    [InlineData("process.apparmorProfile", "\"docker-default\"", "process.apparmorProfile")]
    [InlineData("process.selinuxLabel", "\"a:b:c\"", "process.selinuxLabel")]
    [InlineData("root", "null", "root")]
    [InlineData("root.path", "\"\"", "root.path")]
    [InlineData("hostname", "\"0123456789012345678901234567890123456789012345678901234567890123456789\"", "hostname")]
    [InlineData("mounts", "[{\"type\": \"tmpfs\"}]", "mounts[0].destination")]
    [InlineData("mounts", "[{\"destination\": \"/mnt\", \"type\": \"bind\"}]", "mounts[0].source")]
    [InlineData("mounts", "{}", "mounts")]
    [InlineData("hooks", "{\"prestart\": [{\"path\": \"bin/true\"}]}", "hooks.prestart[0].path")]
    [InlineData("hooks", "{\"poststop\": [{\"path\": \"/bin/true\", \"timeout\": 0}]}", "hooks.poststop[0].timeout")]
    [InlineData("linux.namespaces", "[{\"type\": \"mount\"}, {\"type\": \"galaxy\"}]", "linux.namespaces[1].type")]
    [InlineData("linux.namespaces", "[{\"type\": \"mount\"}, {\"type\": \"mount\"}]", "linux.namespaces[1].type")]
    [InlineData("linux.namespaces", "[{\"type\": \"mount\"}, {\"type\": \"network\", \"path\": \"proc/1/ns/net\"}]", "linux.namespaces[1].path")]
    [InlineData("linux.uidMappings", "[{\"containerID\": 0, \"hostID\": 1, \"size\": 1}]", "linux.uidMappings")]
    [InlineData("linux.timeOffsets", "{\"monotonic\": {\"secs\": 1}}", "linux.timeOffsets")]
    [InlineData("linux.rootfsPropagation", "\"sideways\"", "linux.rootfsPropagation")]
    [InlineData("linux.maskedPaths", "[\"proc/keys\"]", "linux.maskedPaths[0]")]
    [InlineData("linux.readonlyPaths", "[\"\"]", "linux.readonlyPaths[0]")]
    [InlineData("linux.devices", "[{\"path\": \"/dev/x\", \"type\": \"z\", \"major\": 1, \"minor\": 1}]", "linux.devices[0].type")]
    [InlineData("linux.devices", "[{\"path\": \"x\", \"type\": \"c\", \"major\": 1, \"minor\": 1}]", "linux.devices[0].path")]
    [InlineData("linux.sysctl", "{\"kernel.panic\": \"1\"}", "linux.sysctl.kernel.panic")]
    [InlineData("linux.resources.memory.limit", "\"1G\"", "linux.resources.memory.limit")]
    [InlineData("linux.resources.devices", "[{\"allow\": true, \"access\": \"xyz\"}]", "linux.resources.devices[0].access")]
    [InlineData("linux.resources.cpu.quota", "10", "quota")]
    [InlineData("linux.seccomp", "{\"defaultAction\": \"SCMP_ACT_SING\"}", "linux.seccomp.defaultAction")]
    [InlineData("linux.seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_ABACUS\"]}", "linux.seccomp.architectures[0]")]
    [InlineData("linux.seccomp", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [], \"action\": \"SCMP_ACT_ERRNO\"}]}", "linux.seccomp.syscalls[0]")]
    [InlineData("linux.intelRdt", "{\"closID\": \"x\"}", "linux.intelRdt")]
    [InlineData("vm", "{\"kernel\": {\"path\": \"/x\"}}", "vm")]
    public void A_wrong_field_is_named(string path, string json, string expected)
    {
        Config.SetWords("process.args", "/bin/true");
        // A hostname needs a namespace that a list under test may lack.
        Config.RemovePath("hostname");
        Config.Set(path, JsonNode.Parse(json));
        RefusedWith(Run(), expected);
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{", "JSON")]
    [InlineData("[]", "config.json")]
    [InlineData("{\"ociVersion\": \"1.0.0\", \"ociVersion\": \"1.0.0\"}", "config.json")]
    [InlineData("{} trailing", "JSON")]
    public void A_file_that_is_no_config_is_refused(string text, string expected)
    {
        Bundle.Save(text);
        RefusedWith(Runtime.Invoke("run", "--bundle", Bundle.Path, Id), expected);
    }

    [Fact]
    public void A_config_that_is_deep_beyond_reason_is_refused()
    {
        Bundle.Save(new string('[', 100000));
        RefusedWith(Runtime.Invoke("run", "--bundle", Bundle.Path, Id), "config.json");
    }

    [Fact]
    public void A_bundle_without_a_config_is_named()
    {
        File.Delete(Path.Combine(Bundle.Path, "config.json"));
        RefusedWith(Runtime.Invoke("run", "--bundle", Bundle.Path, Id), "config.json");
    }

    private static void RefusedWith(Outcome outcome, string expected)
    {
        Assert.Equal(1, outcome.Status);
        Assert.Contains(expected, outcome.Message, StringComparison.Ordinal);
        // One line, and a hint where there is one.
        Assert.Single(outcome.Errors.TrimEnd('\n').Split('\n'), line => !line.StartsWith("hint: ", StringComparison.Ordinal));
        Assert.DoesNotContain("Exception", outcome.Errors, StringComparison.Ordinal);
    }
}
