using System.Net.Sockets;
using System.Text;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Runtime;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Fuzz.Tests;

/// <summary>Messages of the other side, be it a child that was taken over, a container, a bus, or a kernel that says something new.</summary>
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

    /// <summary>As a connection reads it: first how long it is. What was understood is the same when it is written and read again.</summary>
    [Fact]
    public void A_message_of_a_bus_is_read_or_refused()
        => Campaign.Run("dbus", static bytes =>
        {
            try
            {
                if (bytes.Length < DBusMessage.PrefixSize || DBusMessage.LengthOf(bytes) is var length && length > bytes.Length)
                {
                    return;
                }

                DBusMessage message = DBusMessage.Read(bytes[..length]);
                byte[] again = message.Write();
                Assert.Equal(again.Length, DBusMessage.LengthOf(again));
                Assert.Equal(again, DBusMessage.Read(again).Write());
            }
            catch (CgroupException refusal)
            {
                Assert.StartsWith("D-Bus: ", refusal.Message, StringComparison.Ordinal);
            }
        });

    /// <summary>Whatever a container says to its service manager, that hears at most that it is ready, and which process it is.</summary>
    [Fact]
    public void A_container_says_to_the_service_manager_that_it_is_ready_and_nothing_else()
    {
        Needs.Root();
        const int MainPid = 1234;
        string scratch = Directory.CreateDirectory($"/dev/shm/fuzz-{Guid.NewGuid():N}").FullName;
        try
        {
            string socket = Path.Join(scratch, "manager");
            using SafeFileHandle manager = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
            UnixSockets.Bind(manager, socket);
            using StateDirectory directory = StateDirectory.Claim(Path.Join(scratch, "state"), "one");
            directory.MakeNotifyDirectory();
            using NotifyProxy proxy = NotifyProxy.Open(directory, socket, warn: null);
            using SafeFileHandle container = UnixSockets.Create(UnixSocketType.SOCK_DGRAM);
            UnixSockets.Connect(container, Path.Join(directory.NotifyPath, StateDirectory.NotifySocket));
            byte[] heard = new byte[1 << 16];
            Campaign.Run("notify", said =>
            {
                SocketMessages.Send(container, said, container);
                int before = OpenSockets();
                bool ready = proxy.Relay(MainPid);
                Assert.Equal(ready, Polling.Poll(manager, PollEvents.POLLIN, 0) != PollEvents.None);
                if (ready)
                {
                    string[] lines = Encoding.UTF8.GetString(heard[..SocketMessages.Receive(manager, heard, out _)]).Split('\n');
                    Assert.Equal($"MAINPID={MainPid}", lines[0]);
                    Assert.StartsWith("READY=", lines[1], StringComparison.Ordinal);
                    Assert.Equal("", Assert.Single(lines[2..]));
                }

                Assert.Equal(before, OpenSockets());
            });
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>However the stream is cut, the frames are the same; what is none ends it.</summary>
    [Fact]
    public void Frames_are_the_same_however_the_stream_is_cut()
        => Campaign.Run("frames", static stream => Assert.Equal(Frames(stream, stream.Length), Frames(stream, 1 + (stream.Length % 7))));

    private static List<string> Frames(byte[] stream, int piece)
    {
        FrameReader reader = new();
        List<string> frames = [];
        try
        {
            for (ReadOnlySpan<byte> rest = stream; rest.Length > 0;)
            {
                int count = Math.Min(Math.Min(piece, rest.Length), reader.Space.Length);
                Assert.True(count > 0, "there is no room for more, and no frame");
                rest[..count].CopyTo(reader.Space);
                reader.Add(count);
                rest = rest[count..];
                while (reader.TryTake(out Frame frame))
                {
                    frames.Add($"{frame.Kind} {Convert.ToHexString(frame.Content)}");
                }
            }
        }
        catch (FormatException refusal)
        {
            frames.Add(refusal.Message);
        }

        return frames;
    }

    private static int OpenSockets()
        => Directory.GetFileSystemEntries("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);
}
