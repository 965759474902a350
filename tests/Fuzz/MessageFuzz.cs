using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Fuzz.Tests;

/// <summary>Messages of the other side, be it a child that was taken over or a kernel that says something new.</summary>
public sealed class MessageFuzz
{
    [Fact]
    public void An_answer_over_netlink_is_understood_or_refused_and_ends()
        => Campaign.Run("netlink", static answer =>
        {
            NetlinkRequest request = Netlink.LoopbackUp();
            (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
            using SafeFileHandle netlink = ours;
            using Socket kernel = new(new SafeSocketHandle(theirs.DangerousGetHandle(), ownsHandle: false));
            using SafeFileHandle held = theirs;
            if (answer.Length > 0)
            {
                SocketMessages.Send(theirs, answer);
            }

            kernel.Shutdown(SocketShutdown.Send);
            try
            {
                Netlink.Send(netlink, request);
            }
            catch (LinuxException)
            {
            }
        });

    /// <summary>More descriptors than were asked for, and bytes that are cut off: nothing is left open.</summary>
    [Fact]
    public void Descriptors_that_nobody_asked_for_are_closed()
        => Campaign.Run("messages", static choices => (Bytes: 1 + choices.Below(300), Sent: choices.Below(7), Taken: 1 + choices.Below(4)), static message =>
        {
            (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
            using SafeFileHandle one = ours;
            using SafeFileHandle other = theirs;
            SocketMessages.Send(other, new byte[message.Bytes], [.. Enumerable.Repeat(other, message.Sent)]);
            int before = OpenSockets();
            try
            {
                int length = SocketMessages.Receive(one, new byte[2], out SafeFileHandle[] descriptors, message.Taken);
                Assert.Equal(Math.Min(2, message.Bytes), length);
                Assert.True(descriptors.Length <= message.Taken);
                foreach (SafeFileHandle descriptor in descriptors)
                {
                    descriptor.Dispose();
                }
            }
            catch (LinuxException refusal)
            {
                Assert.Equal(Errno.EMSGSIZE, refusal.Errno);
            }

            Assert.Equal(before, OpenSockets());
        }, message => message.ToString());

    private static int OpenSockets()
        => Directory.GetFileSystemEntries("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);
}
