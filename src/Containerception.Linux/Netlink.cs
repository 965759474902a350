using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Protocols of netlink(7), spelled as in linux/netlink.h.</summary>
public enum NetlinkProtocol
{
    NETLINK_ROUTE = 0,
    NETLINK_NETFILTER = 12,
}

/// <summary>struct ifinfomsg of linux/rtnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InterfaceInfo
{
    public byte ifi_family;
    private readonly byte _padding;
    public ushort ifi_type;
    public int ifi_index;
    public uint ifi_flags;
    public uint ifi_change;
}

/// <summary>struct nlmsgerr of linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkError
{
    public int error;
    public NetlinkHeader msg;
}

/// <summary>Is given one message of an answer: its fixed part and its attributes. The bytes are the caller's again afterwards.</summary>
public delegate void NetlinkAnswer(NetlinkMessageType type, ReadOnlySpan<byte> payload);

/// <summary>netlink(7) sockets: requests out, acknowledgements in. A socket stays in the network namespace it was made in.</summary>
public static unsafe partial class Netlink
{
    /// <summary>The loopback interface of every network namespace.</summary>
    public const int LoopbackIndex = 1;

    private const int AF_NETLINK = 16;
    private const int SOCK_RAW = 3;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_NETLINK = 270;
    private const int NETLINK_CAP_ACK = 10;
    private const int NETLINK_EXT_ACK = 11;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const int NLM_F_CAPPED = 0x100;
    private const int NLM_F_ACK_TLVS = 0x200;
    private const ushort NLMSGERR_ATTR_MSG = 1;
    private const uint IFF_UP = 1;
    private const int AttributeHeaderBytes = 4;
    private const int AnswerBytesMax = 32 * 1024;

    /// <summary>A socket to the kernel, whose errors come with words; close-on-exec.</summary>
    public static SafeFileHandle Open(NetlinkProtocol protocol)
    {
        SafeFileHandle result = Check.Handle(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)protocol),
            $"socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, {protocol})");

        // Both since Linux 4.12; without them errors have no words, and nothing else changes.
        int on = 1;
        _ = setsockopt(result, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(int));
        _ = setsockopt(result, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(int));
        return result;
    }

    /// <summary>The same, in another network namespace: that of a socket is its maker's. The caller is back in his own afterwards.</summary>
    public static SafeFileHandle OpenIn(SafeFileHandle networkNamespace, NetlinkProtocol protocol)
    {
        // The thread's own: /proc/self leads to the first thread's, which may be another.
        using SafeFileHandle own = Files.Open("/proc/thread-self/ns/net", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        Namespaces.SetNs(networkNamespace, NamespaceFlags.CLONE_NEWNET);
        try
        {
            return Open(protocol);
        }
        finally
        {
            Namespaces.SetNs(own, NamespaceFlags.CLONE_NEWNET);
        }
    }

    /// <summary>Sends the messages of a request and waits for each to be acknowledged.</summary>
    /// <param name="netlink">The socket.</param>
    /// <param name="request">The messages.</param>
    /// <param name="tolerated">A refusal that is no failure: <see cref="Errno.EEXIST"/> for what may be there already.</param>
    /// <exception cref="LinuxException">The first that was refused. Those after it have been carried out nevertheless: a batch is no transaction.</exception>
    public static void Send(SafeFileHandle netlink, NetlinkRequest request, Errno tolerated = Errno.None) => Ask(netlink, request, static (_, _) => { }, tolerated);

    /// <summary>The same for requests that are answered by more than an acknowledgement.</summary>
    public static void Ask(SafeFileHandle netlink, NetlinkRequest request, NetlinkAnswer answered, Errno tolerated = Errno.None)
    {
        SocketMessages.Send(netlink, request.Bytes);

        LinuxException? first = null;
        byte[] answer = new byte[AnswerBytesMax];
        int ended = 0;
        uint last = 0;
        while (!request.IsAnswered(ended, last))
        {
            int length = FileContents.Read(netlink, answer);
            if (length == 0)
            {
                throw new LinuxException($"read({Descriptor.Describe(netlink)}), which ended before the answer", Errno.EPROTO);
            }

            ReadOnlySpan<byte> rest = answer.AsSpan(0, length);
            while (rest.Length >= sizeof(NetlinkHeader))
            {
                NetlinkHeader header = MemoryMarshal.Read<NetlinkHeader>(rest);
                if (header.nlmsg_len < sizeof(NetlinkHeader) || header.nlmsg_len > rest.Length)
                {
                    throw new LinuxException($"read({Descriptor.Describe(netlink)}), a netlink answer cut short", Errno.EPROTO);
                }

                switch ((ushort)header.nlmsg_type)
                {
                    case NLMSG_ERROR:
                        ended++;
                        last = header.nlmsg_seq;
                        LinuxException? failure = Failure(rest[..(int)header.nlmsg_len], header, request);
                        first ??= failure?.Errno == tolerated ? null : failure;
                        break;
                    case NLMSG_DONE:
                        ended++;
                        break;
                    default:
                        answered(header.nlmsg_type, rest[sizeof(NetlinkHeader)..(int)header.nlmsg_len]);
                        break;
                }

                rest = rest[Math.Min(rest.Length, Align((int)header.nlmsg_len))..];
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>The value of the first attribute of a type; false when there is none.</summary>
    public static bool TryFind(ReadOnlySpan<byte> attributes, ushort type, out ReadOnlySpan<byte> value)
    {
        while (attributes.Length >= AttributeHeaderBytes)
        {
            int length = MemoryMarshal.Read<ushort>(attributes);
            if (length < AttributeHeaderBytes || length > attributes.Length)
            {
                break;
            }

            if (MemoryMarshal.Read<ushort>(attributes[sizeof(ushort)..]) == type)
            {
                value = attributes[AttributeHeaderBytes..length];
                return true;
            }

            attributes = attributes[Math.Min(attributes.Length, Align(length))..];
        }

        value = default;
        return false;
    }

    /// <summary>A request that brings the loopback interface up; one message, the same for every namespace.</summary>
    public static NetlinkRequest LoopbackUp()
    {
        NetlinkRequest request = new();
        InterfaceInfo loopback = new() { ifi_index = LoopbackIndex, ifi_flags = IFF_UP, ifi_change = IFF_UP };
        request.Begin(NetlinkMessageType.RTM_NEWLINK, NetlinkFlags.None, loopback, "lo up");
        return request;
    }

    // An acknowledgement is an error of zero. Behind it stands the request, or with NETLINK_CAP_ACK its header, and then the attributes.
    private static LinuxException? Failure(ReadOnlySpan<byte> message, in NetlinkHeader header, NetlinkRequest request)
    {
        if (message.Length < sizeof(NetlinkHeader) + sizeof(NetlinkError))
        {
            throw new LinuxException("a netlink acknowledgement cut short", Errno.EPROTO);
        }

        NetlinkError error = MemoryMarshal.Read<NetlinkError>(message[sizeof(NetlinkHeader)..]);
        if (error.error == 0)
        {
            return null;
        }

        int flags = (int)header.nlmsg_flags;
        int start = sizeof(NetlinkHeader) + sizeof(NetlinkError);
        if ((flags & NLM_F_CAPPED) == 0)
        {
            start += Align((int)error.msg.nlmsg_len) - sizeof(NetlinkHeader);
        }

        bool hasWords = (flags & NLM_F_ACK_TLVS) != 0 && start >= 0 && start <= message.Length;
        return new LinuxException($"netlink({request.Describe(error.msg.nlmsg_seq)})", (Errno)(-error.error),
            hasWords ? Words(message[start..]) : null);
    }

    private static string? Words(ReadOnlySpan<byte> attributes)
        => TryFind(attributes, NLMSGERR_ATTR_MSG, out ReadOnlySpan<byte> text) ? KernelText.Read(text) : null;

    private static int Align(int length) => (length + 3) & ~3;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, void* value, uint size);
}
