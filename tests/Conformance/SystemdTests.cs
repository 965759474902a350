using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>The ways to make control groups, where systemd is not init; what it does where it is, tests/vm checks.</summary>
public sealed class SystemdTests : ContainerTest
{
    [Theory]
    [InlineData("--systemd-cgroup")]
    [InlineData("--cgroup-manager=systemd")]
    public void Without_systemd_its_driver_is_refused(string flag)
    {
        Needs.Met(!Directory.Exists("/run/systemd/system"), "a machine without systemd");
        Runtime.Variables["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere/bus";
        Config.RemovePath("linux.cgroupsPath");
        Bundle.Save();

        Outcome outcome = Runtime.Invoke(flag, "run", "--bundle", Bundle.Path, Id);

        Assert.Equal(1, outcome.Status);
        Assert.Contains("systemd cannot be reached: connect(", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("--cgroup-manager cgroupfs", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bus_without_systemd_is_told_from_none()
    {
        Needs.Program("dbus-daemon");
        Needs.Met(!Directory.Exists("/run/systemd/system"), "a machine without systemd");
        string socket = Path.Combine(Scratch, "bus");
        Runtime.Variables["DBUS_SYSTEM_BUS_ADDRESS"] = $"unix:path={socket}";
        Config.RemovePath("linux.cgroupsPath");
        Bundle.Save();
        using Process daemon = Process.Start(new ProcessStartInfo("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address", $"--address=unix:path={socket}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Assert.NotNull(daemon.StandardOutput.ReadLine());
            Outcome outcome = Runtime.Invoke("--systemd-cgroup", "run", "--bundle", Bundle.Path, Id);

            Assert.Equal(1, outcome.Status);
            Assert.Contains($"systemd refuses to start ception-{Id}.scope", outcome.Message, StringComparison.Ordinal);
            Assert.Contains("no systemd on it", outcome.Message, StringComparison.Ordinal);
        }
        finally
        {
            daemon.Kill();
            daemon.WaitForExit();
        }
    }

    [Theory]
    [InlineData("/a/b", "must be slice:prefix:name")]
    [InlineData("system.slice:a:b.slice", "a container runs in a scope")]
    public void A_path_that_names_no_scope_is_refused(string path, string problem)
    {
        Config.Set("linux.cgroupsPath", path);
        Bundle.Save();

        Outcome outcome = Runtime.Invoke("--systemd-cgroup", "run", "--bundle", Bundle.Path, Id);

        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.cgroupsPath: " + problem, outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("org.systemd.property.Slice", "words", "annotations[\"org.systemd.property.Slice\"]: \"words\" is not a value")]
    [InlineData("org.systemd.property.a-b", "5", "annotations[\"org.systemd.property.a-b\"]: \"a-b\" is not the name")]
    [InlineData("run.oci.delegate-cgroup", "x", "annotations.run.oci.delegate-cgroup: \"x\" is not supported")]
    [InlineData("run.oci.systemd.force_cgroup_v1", "/sys/fs/cgroup/systemd", "annotations.run.oci.systemd.force_cgroup_v1: ")]
    [InlineData("containerception.inner-cgroup", "a/b", "annotations.containerception.inner-cgroup: \"a/b\" is not the name of one group")]
    [InlineData("containerception.inner-cgroup", "nest", "annotations.containerception.inner-cgroup: is not supported for groups that systemd makes")]
    public void An_annotation_that_cannot_be_followed_is_named(string key, string value, string problem)
    {
        Config.RemovePath("linux.cgroupsPath");
        Config.Set("annotations", new JsonObject { [key] = value });
        Bundle.Save();

        Outcome outcome = Runtime.Invoke("--systemd-cgroup", "run", "--bundle", Bundle.Path, Id);

        Assert.Equal(1, outcome.Status);
        Assert.Contains(problem, outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disabled_leaves_the_container_in_the_callers_groups()
    {
        Config.RemovePath("linux.resources");
        Config.WithoutNamespace("cgroup");
        Config.Set("process.args", new JsonArray("/bin/cat", "/proc/self/cgroup"));
        Bundle.Save();

        Outcome outcome = Runtime.Invoke("--cgroup-manager=disabled", "run", "--bundle", Bundle.Path, Id);

        Assert.Equal(File.ReadAllText("/proc/self/cgroup"), outcome.Succeeded() + "\n");
    }

    [Fact]
    public void Disabled_lives_through_exec_kill_and_delete()
    {
        Config.RemovePath("linux.resources");
        Config.Set("process.args", new JsonArray("/bin/sleep", "1000"));
        Bundle.Save();
        using (Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"], "--cgroup-manager", "disabled", "run", "--detach", "--bundle", Bundle.Path, Id))
        {
            run.Wait().Succeeded();
        }

        Assert.Equal("hello", Runtime.Invoke("exec", Id, "/bin/echo", "hello").Succeeded());
        Assert.Contains("cannot be paused", Runtime.Invoke("pause", Id).Message, StringComparison.Ordinal);
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        WaitForStatus("stopped");
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void Disabled_has_no_limits()
    {
        Config.Set("linux.resources", new JsonObject { ["pids"] = new JsonObject { ["limit"] = 5 } });
        Bundle.Save();

        Outcome outcome = Runtime.Invoke("--cgroup-manager=disabled", "run", "--bundle", Bundle.Path, Id);

        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.resources: there are no limits without cgroups", outcome.Message, StringComparison.Ordinal);
    }
}
