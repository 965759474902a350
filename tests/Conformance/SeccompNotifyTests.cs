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
    public async Task The_listener_gets_the_descriptor_and_decides(bool noNewPrivileges)
    {
        string path = Path.Combine(Scratch, "listener");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Config.Set("process.noNewPrivileges", noNewPrivileges);
        Config.Set("linux.seccomp", JsonNode.Parse($$"""
            {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "{{path}}", "listenerMetadata": "some words",
             "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_NOTIFY"}]}
            """));
        Task<JsonNode> answering = Task.Run(() => Answer(listener), TestContext.Current.CancellationToken);
        Assert.Equal("42", Probe("try-syscall", "personality", "4294967295"));
        JsonNode said = await answering;
        Assert.Equal("some words", said["metadata"]!.GetValue<string>());
        Assert.Equal("seccompFd", said["fds"]![0]!.GetValue<string>());
        Assert.Equal(Id, said["state"]!["id"]!.GetValue<string>());
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
