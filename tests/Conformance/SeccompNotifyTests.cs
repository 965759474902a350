using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>A filter that asks: the listener gets its descriptor, and answers for the kernel. runtime-spec, config-linux.md, "listenerPath".</summary>
public sealed class SeccompNotifyTests : ContainerTest
{
    private const int Errno = 42;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task The_listener_gets_the_descriptor_and_decides(bool noNewPrivileges)
    {
        Config.Set("process.noNewPrivileges", noNewPrivileges);
        return Decides("linux.seccomp.listenerPath");
    }

    [Fact]
    public Task An_annotation_may_name_the_listener() => Decides("annotations");

    [Fact]
    public Task The_environment_may_name_the_listener() => Decides("environment");

    [Fact]
    public void The_call_that_the_parent_is_told_with_cannot_be_asked_about()
    {
        Config.Set("linux.seccomp", JsonNode.Parse("""
            {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nowhere", "syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]}
            """));
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("SCMP_ACT_NOTIFY cannot be used for the write syscall", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_listener_it_is_refused()
    {
        Config.Set("linux.seccomp", JsonNode.Parse("""
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_NOTIFY"}]}
            """));
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("linux.seccomp.listenerPath", outcome.Errors, StringComparison.Ordinal);
    }

    /// <summary>The listener is named in one of three places.</summary>
    private async Task Decides(string named)
    {
        string path = Path.Combine(Scratch, "listener");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Config.Set("linux.seccomp", JsonNode.Parse("""
            {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "some words", "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_NOTIFY"}]}
            """));
        switch (named)
        {
            case "annotations":
                Config.Set("annotations", new JsonObject { ["run.oci.seccomp.receiver"] = path });
                break;
            case "environment":
                Runtime.Variables["RUN_OCI_SECCOMP_RECEIVER"] = path;
                break;
            default:
                Config.Set(named, path);
                break;
        }

        // The second filter is one that was kept.
        for (int turn = 0; turn < 2; turn++)
        {
            Task<JsonNode> answering = Task.Run(() => Answer(listener), TestContext.Current.CancellationToken);
            Assert.Equal("42", Probe("try-syscall", "personality", "4294967295"));
            JsonNode said = await answering;
            Assert.Equal("some words", said["metadata"]!.GetValue<string>());
            Assert.Equal("seccompFd", said["fds"]![0]!.GetValue<string>());
            Assert.Equal(Id, said["state"]!["id"]!.GetValue<string>());
        }
    }

    private static JsonNode Answer(Socket listener)
    {
        using Socket connection = listener.Accept();
        (int descriptor, byte[] body) = Posix.ReceiveDescriptor((int)connection.Handle);
        Posix.RefuseNotified(descriptor, Errno);
        Posix.Close(descriptor);
        return JsonNode.Parse(Encoding.UTF8.GetString(body))!;
    }
}
