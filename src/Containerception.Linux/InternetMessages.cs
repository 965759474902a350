using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>The address of this machine that a datagram was sent to, and from which the answer must come.</summary>
public readonly struct LocalEnd
{
    // struct in_pktinfo or struct in6_pktinfo, as it is sent.
    internal readonly Information Value;

    internal LocalEnd(ReadOnlySpan<byte> information) => information.CopyTo(Value);

    [InlineArray(20)]
    internal struct Information
    {
        private byte _first;
    }
}

/// <summary>Datagrams with the address of this machine that they came to, or go from: IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7).</summary>
public static unsafe partial class InternetMessages
{
    private const int SOL_IP = 0;
    private const int SOL_IPV6 = 41;
    private const int IP_PKTINFO = 8;
    private const int IPV6_PKTINFO = 50;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int ControlBytes = 128;

    // struct in_pktinfo: interface, the address of this machine, the address in the packet. struct in6_pktinfo: address, interface.
    private const int InformationBytes4 = 12;
    private const int InformationBytes6 = 20;
    private const int AddressBytes6 = 16;

    /// <summary>Takes one datagram; -1 when there is none. What does not fit is lost.</summary>
    public static int TryReceive(SafeFileHandle socket, Span<byte> buffer, out InternetAddress from, out LocalEnd to)
    {
        byte* control = stackalloc byte[ControlBytes];
        InternetAddress sender = default;
        MsgHeader message;
        nint result;
        fixed (byte* bytes = buffer)
        {
            IoVector vector = new() { iov_base = bytes, iov_len = (nuint)buffer.Length };
            do
            {
                message = new MsgHeader
                {
                    msg_name = &sender,
                    msg_namelen = (uint)sizeof(InternetAddress),
                    msg_iov = &vector,
                    msg_iovlen = 1,
                    msg_control = control,
                    msg_controllen = ControlBytes,
                };
                result = recvmsg(socket, ref message, 0);
            }
            while (result < 0 && Check.LastErrno == Errno.EINTR);
        }

        bool isNothing = result < 0 && Check.LastErrno == Errno.EAGAIN;
        from = sender;
        to = result < 0 ? default : LocalEndIn(control, message.msg_controllen);
        return isNothing ? -1 : (int)Check.Result(result, $"recvmsg({socket}, {buffer.Length} bytes)");
    }

    /// <summary>Sends one datagram from an address of this machine; false when the socket's buffer is full.</summary>
    public static bool TrySend(SafeFileHandle socket, ReadOnlySpan<byte> content, in InternetAddress to, in LocalEnd from)
    {
        byte* control = stackalloc byte[ControlBytes];
        bool isFour = to.Family == InternetAddress.AF_INET;
        int length = isFour ? InformationBytes4 : InformationBytes6;
        *(CmsgHeader*)control = new CmsgHeader
        {
            cmsg_len = (nuint)(sizeof(CmsgHeader) + length),
            cmsg_level = isFour ? SOL_IP : SOL_IPV6,
            cmsg_type = isFour ? IP_PKTINFO : IPV6_PKTINFO,
        };
        ((ReadOnlySpan<byte>)from.Value)[..length].CopyTo(new Span<byte>(control + sizeof(CmsgHeader), length));
        InternetAddress name = to;
        nint result;
        fixed (byte* bytes = content)
        {
            IoVector vector = new() { iov_base = bytes, iov_len = (nuint)content.Length };
            MsgHeader message = new()
            {
                msg_name = &name,
                msg_namelen = to.Length,
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = CmsgHeader.Align((nuint)(sizeof(CmsgHeader) + length)),
            };
            do
            {
                result = sendmsg(socket, message, MSG_NOSIGNAL);
            }
            while (result < 0 && Check.LastErrno == Errno.EINTR);
        }

        if (result < 0 && Check.LastErrno == Errno.EAGAIN)
        {
            return false;
        }

        Check.Result(result, $"sendmsg({socket}, {content.Length} bytes, {to})");
        return true;
    }

    // As it has to be sent back: of an interface only where the address means nothing without it.
    private static LocalEnd LocalEndIn(byte* control, nuint length)
    {
        Span<byte> information = stackalloc byte[InformationBytes6];
        information.Clear();
        CmsgHeader* header = (CmsgHeader*)control;
        if (length >= (nuint)sizeof(CmsgHeader))
        {
            ReadOnlySpan<byte> told = new(header + 1, (int)(header->cmsg_len - (nuint)sizeof(CmsgHeader)));
            if (header->cmsg_level == SOL_IP && header->cmsg_type == IP_PKTINFO && told.Length >= InformationBytes4)
            {
                told.Slice(sizeof(uint), sizeof(uint)).CopyTo(information[sizeof(uint)..]);
            }
            else if (header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_PKTINFO && told.Length >= InformationBytes6)
            {
                bool isLinkLocal = (BinaryPrimitives.ReadUInt16BigEndian(told) & 0xFFC0) == 0xFE80;
                told[..(isLinkLocal ? InformationBytes6 : AddressBytes6)].CopyTo(information);
            }
        }

        return new LocalEnd(information);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(SafeFileHandle socket, in MsgHeader message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(SafeFileHandle socket, ref MsgHeader message, int flags);
}
