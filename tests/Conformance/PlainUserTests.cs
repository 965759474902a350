using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A user who is not root, and has no control group to make others in: the whole life of a container.</summary>
public sealed class PlainUserTests : ContainerTest
{
    private const uint User = 4711;
    private string _groups = "--clear-groups";

    [Fact]
    public void A_container_without_control_groups_can_be_entered_killed_and_deleted()
    {
        Prepare("/bin/sleep", "1000");
        Invoke("run", "--detach", "--bundle", Bundle.Path, Id).Succeeded();
        Assert.StartsWith("uid=0", Invoke("exec", Id, "/bin/id").Succeeded(), StringComparison.Ordinal);
        Assert.Contains("running", Invoke("state", Id).Succeeded(), StringComparison.Ordinal);
        Invoke("kill", "--all", Id, "KILL").Succeeded();
        WaitFor(() => Invoke("state", Id).Output.Contains("stopped", StringComparison.Ordinal), "the end");
        Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void A_running_container_without_control_groups_can_be_deleted_by_force()
    {
        Prepare("/bin/sleep", "1000");
        Invoke("run", "--detach", "--bundle", Bundle.Path, Id).Succeeded();
        Invoke("delete", "--force", Id).Succeeded();
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("ps")]
    [InlineData("events", "--stats")]
    public void What_takes_control_groups_says_that_there_are_none(params string[] verb)
    {
        Prepare("/bin/sleep", "1000");
        Invoke("run", "--detach", "--bundle", Bundle.Path, Id).Succeeded();
        Outcome outcome = Invoke([.. verb, Id]);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("the container has no cgroups", outcome.Message, StringComparison.Ordinal);
        Invoke("delete", "--force", Id).Succeeded();
    }

    [Fact]
    public void Groups_that_nobody_granted_cannot_be_had()
    {
        Config.Set("process.user.additionalGids", new JsonArray(5));
        Prepare("/bin/id", "-G");
        Outcome outcome = Invoke("run", "--bundle", Bundle.Path, Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("setgroups", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("leave additionalGids out", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void His_own_groups_stay_when_an_annotation_asks_for_it()
    {
        Config.Set("annotations", new JsonObject { ["run.oci.keep_original_groups"] = "1" });
        Prepare("/bin/id", "-G");
        _groups = "--groups=4712,4713";
        Assert.Equal("0 65534 65534", Invoke("run", "--bundle", Bundle.Path, Id).Succeeded());
    }

    /// <summary>Also when he calls himself root, in a user namespace of his own: rootless Podman does.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_state_is_in_his_runtime_directory(bool mapped)
    {
        Prepare("/bin/sleep", "1000");
        Config.WithUserNamespace(mapped ? 0 : User, 1);
        Bundle.Save();
        Runtime.Variables["XDG_RUNTIME_DIR"] = Scratch;
        Runtime.Variables["USER"] = "somebody";
        string[] user = ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", .. mapped ? ["unshare", "--user", "--map-root-user"] : Array.Empty<string>()];
        string log = Path.Combine(Scratch, "errors");
        using (Command run = new([.. user, "/bin/sh", "-c", $"exec \"$@\" >/dev/null 2>{log}", "sh", OciRuntime.Program, "run", "--detach", "--bundle", Bundle.Path, Id],
            environment: Runtime.Variables.AsReadOnly()))
        {
            Outcome outcome = run.Wait();
            Assert.True(outcome.Status == 0, outcome + File.ReadAllText(log));
        }

        Assert.True(File.Exists(Path.Combine(Scratch, OciRuntime.Name, Id, "state.json")));
        using Command delete = new([.. user, OciRuntime.Program, "delete", "--force", Id], environment: Runtime.Variables.AsReadOnly());
        delete.Wait().Succeeded();
    }

    private void Prepare(params string[] args)
    {
        Config.WithUserNamespace(User, 1);
        Config.WithoutNamespace("network");
        Config.RemovePath("linux.resources");
        Config.Set("mounts", new JsonArray());
        Config.AddMount("/proc", "proc", "proc");
        Config.SetWords("process.args", args);
        Bundle.Save();
        Command.Run("chown", "-R", $"{User}:{User}", Scratch).Succeeded();
    }

    /// <summary>A detached container would hold our pipes.</summary>
    private Outcome Invoke(params string[] arguments)
    {
        string output = Path.Combine(Scratch, "output");
        string errors = Path.Combine(Scratch, "errors");
        using Command command = Runtime.StartThrough(
            ["setpriv", $"--reuid={User}", $"--regid={User}", _groups, "/bin/sh", "-c", $"exec \"$@\" >{output} 2>{errors}", "sh"], arguments);
        Outcome outcome = command.Wait();
        return outcome with { Output = File.ReadAllText(output), Errors = File.ReadAllText(errors) };
    }
}
