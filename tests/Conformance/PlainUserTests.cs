using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A user who is not root, and has no control group to make others in: the whole life of a container.</summary>
public sealed class PlainUserTests : ContainerTest
{
    private const uint User = 4711;

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

    private void Prepare(params string[] args)
    {
        Config.WithUserNamespace(User, 1);
        Config.WithoutNamespace("network");
        Config.Remove("linux.resources");
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
            ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", "/bin/sh", "-c", $"exec \"$@\" >{output} 2>{errors}", "sh"], arguments);
        Outcome outcome = command.Wait();
        return outcome with { Output = File.ReadAllText(output), Errors = File.ReadAllText(errors) };
    }
}
