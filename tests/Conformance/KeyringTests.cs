namespace Containerception.Conformance.Tests;

/// <summary>The session keyring: the caller's keys are not the container's. session-keyring(7), as /proc/keys tells it.</summary>
public sealed class KeyringTests : ContainerTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Exec_joins_the_containers(bool userNamespace)
    {
        Needs.PathTo("/proc/keys");
        if (userNamespace)
        {
            Config.WithUserNamespace();
        }

        Start();
        string ofContainer = Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/keys").Succeeded();
        string ofExec = Runtime.Invoke("exec", Id, "/bin/grep", "_ses." + Id, "/proc/keys").Succeeded();
        // The number of the key is the first word of its line.
        Assert.NotEqual("", ofContainer);
        Assert.Equal(ofContainer.Split(' ')[0], ofExec.Split(' ')[0]);
        DeleteForced();
    }

    [Fact]
    public void Without_a_new_one_neither_has_one()
    {
        Needs.PathTo("/proc/keys");
        Start("--no-new-keyring");
        Assert.Equal("", Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/keys").Succeeded());
        Assert.Equal(1, Runtime.Invoke("exec", Id, "/bin/grep", "_ses." + Id, "/proc/keys").Status);
        DeleteForced();
    }

    private void Start(params string[] flags)
    {
        Config.Set("linux.maskedPaths", new System.Text.Json.Nodes.JsonArray());
        Config.SetWords("process.args", "/bin/sh", "-c", $"grep _ses.{Id} /proc/keys >/dev/shm/keys; echo >/dev/shm/done; exec sleep 1000");
        Create(flags).Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitFor(() => Runtime.Invoke("exec", Id, "/bin/cat", "/dev/shm/done").Status == 0, "the process");
    }
}
