using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Whose messages they are, spelled as in linux/netfilter/nfnetlink.h.</summary>
internal enum NetfilterSubsystem : byte
{
    NFNL_SUBSYS_CTNETLINK = 1,
    NFNL_SUBSYS_NFTABLES = 10,
}

/// <summary>Protocol families of netfilter, spelled as in linux/netfilter.h.</summary>
public enum NetfilterFamily : byte
{
    NFPROTO_UNSPEC = 0,
    NFPROTO_INET = 1,
    NFPROTO_IPV4 = 2,
    NFPROTO_IPV6 = 10,
}

/// <summary>struct nfgenmsg of linux/netfilter/nfnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetfilterHeader
{
    public byte nfgen_family;
    public byte version;
    public ushort res_id;
}

/// <summary>nfnetlink: what rtnetlink is to links, for packet filters and connection tracking.</summary>
internal static unsafe partial class Netfilter
{
    private const int SOL_SOCKET = 1;
    private const int SO_SNDBUF = 7;
    private const int SO_SNDBUFFORCE = 32;
    private const ushort NFNL_MSG_BATCH_BEGIN = 16;
    private const ushort NFNL_MSG_BATCH_END = 17;

    /// <summary>A socket to the kernel that takes datagrams of so many bytes, as far as the caller may have them.</summary>
    public static SafeFileHandle Open(int bytes)
    {
        SafeFileHandle result = Netlink.Open(NetlinkProtocol.NETLINK_NETFILTER);

        // The first takes root of the machine; the second gives what net.core.wmem_max allows. A datagram that is too long after both is refused with EMSGSIZE.
        int room = bytes * 2;
        if (setsockopt(result, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(int)) != 0)
        {
            _ = setsockopt(result, SOL_SOCKET, SO_SNDBUF, &room, sizeof(int));
        }

        return result;
    }

    /// <summary>Begins a message that is not acknowledged unless the flags ask for it.</summary>
    public static void Start(NetlinkRequest request, NetfilterSubsystem subsystem, byte message, NetlinkFlags flags, NetfilterFamily family, string description)
        => request.Start((NetlinkMessageType)(((int)subsystem << 8) | message), flags, new NetfilterHeader { nfgen_family = (byte)family }, description);

    /// <summary>What follows is carried out as a whole, or not at all.</summary>
    public static void BeginBatch(NetlinkRequest request, NetfilterSubsystem subsystem)
        => request.Start((NetlinkMessageType)NFNL_MSG_BATCH_BEGIN, NetlinkFlags.None, Of(subsystem), $"a transaction of {subsystem}");

    public static void EndBatch(NetlinkRequest request, NetfilterSubsystem subsystem)
        => request.Start((NetlinkMessageType)NFNL_MSG_BATCH_END, NetlinkFlags.None, Of(subsystem), "the end of the transaction");

    private static NetfilterHeader Of(NetfilterSubsystem subsystem)
        => new() { res_id = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((ushort)subsystem) : (ushort)subsystem };

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(SafeFileHandle socket, int level, int option, void* value, uint size);
}
