using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Messages over sockets, and descriptors with them: sendmsg(2), recvmsg(2), SCM_RIGHTS of unix(7).</summary>
public static unsafe partial class SocketMessages
{
    /// <summary>The most descriptors one message can carry: SCM_MAX_FD.</summary>
    public const int DescriptorsMax = 253;

    private const int SOL_SOCKET = 1;
    private const int SCM_RIGHTS = 1;
    private const int MSG_CTRUNC = 0x8;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>Sends bytes, and copies of descriptors; how many bytes were taken is returned. At least one byte: a stream needs it to carry the rest.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPIPE"/>: nobody is there any more (no signal is sent).</exception>
    public static int Send(SafeFileHandle socket, ReadOnlySpan<byte> content, params ReadOnlySpan<SafeFileHandle> descriptors)
    {
        nuint controlBytes = descriptors.IsEmpty ? 0 : CmsgHeader.Space(descriptors.Length);
        byte* control = stackalloc byte[(int)controlBytes];
        int held = 0;
        try
        {
            if (!descriptors.IsEmpty)
            {
                *(CmsgHeader*)control = new CmsgHeader
                {
                    cmsg_len = CmsgHeader.Length(descriptors.Length),
                    cmsg_level = SOL_SOCKET,
                    cmsg_type = SCM_RIGHTS,
                };
            }

            for (; held < descriptors.Length; held++)
            {
                bool added = false;
                descriptors[held].DangerousAddRef(ref added);
                ((int*)(control + sizeof(CmsgHeader)))[held] = (int)descriptors[held].DangerousGetHandle();
            }

            nint result;
            fixed (byte* bytes = content)
            {
                IoVector vector = new() { iov_base = bytes, iov_len = (nuint)content.Length };
                MsgHeader message = new() { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = controlBytes };
                do
                {
                    result = sendmsg(socket, message, MSG_NOSIGNAL);
                }
                while (result < 0 && Check.LastErrno == Errno.EINTR);
            }

            return (int)Check.Result(result, $"sendmsg({socket}, {content.Length} bytes, {descriptors.Length} descriptors, MSG_NOSIGNAL)");
        }
        finally
        {
            while (held > 0)
            {
                descriptors[--held].DangerousRelease();
            }
        }
    }

    /// <summary>Receives bytes, and with them descriptors, close-on-exec, which belong to the caller. Waits; 0 bytes at the end.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Where the bytes go. What of a message does not fit is lost.</param>
    /// <param name="descriptors">What came along, up to <paramref name="descriptorsMax"/>.</param>
    /// <param name="descriptorsMax">1 to <see cref="DescriptorsMax"/>.</param>
    /// <exception cref="LinuxException"><see cref="Errno.EMSGSIZE"/>: more descriptors came; those that did are closed.</exception>
    public static int Receive(SafeFileHandle socket, Span<byte> buffer, out SafeFileHandle[] descriptors, int descriptorsMax = 1)
        => (int)Check.Result(
            TryReceive(socket, buffer, out descriptors, descriptorsMax), $"recvmsg({socket}, {buffer.Length} bytes, {descriptorsMax} descriptors, MSG_CMSG_CLOEXEC)");

    /// <summary>The same of a socket that does not wait: -1 when there is nothing yet.</summary>
    public static int TryReceive(SafeFileHandle socket, Span<byte> buffer, out SafeFileHandle[] descriptors, int descriptorsMax)
    {
        nuint controlBytes = CmsgHeader.Space(descriptorsMax);
        byte* control = stackalloc byte[(int)controlBytes];
        MsgHeader message;
        nint result;
        fixed (byte* bytes = buffer)
        {
            IoVector vector = new() { iov_base = bytes, iov_len = (nuint)buffer.Length };
            do
            {
                message = new MsgHeader { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = controlBytes };
                result = recvmsg(socket, ref message, MSG_CMSG_CLOEXEC);
            }
            while (result < 0 && Check.LastErrno == Errno.EINTR);
        }

        if (result < 0 && Check.LastErrno == Errno.EAGAIN)
        {
            descriptors = [];
            return -1;
        }

        Check.Result(result, $"recvmsg({socket}, {buffer.Length} bytes, {descriptorsMax} descriptors, MSG_CMSG_CLOEXEC)");
        descriptors = TakeDescriptors(control, message.msg_controllen);

        // The space is rounded up, so that one more than asked for may have come whole.
        if ((message.msg_flags & MSG_CTRUNC) != 0 || descriptors.Length > descriptorsMax)
        {
            foreach (SafeFileHandle descriptor in descriptors)
            {
                descriptor.Dispose();
            }

            descriptors = [];
            throw new LinuxException($"recvmsg({Descriptor.Describe(socket)}), of which at most {descriptorsMax} descriptors are taken", Errno.EMSGSIZE);
        }

        return (int)result;
    }

    private static SafeFileHandle[] TakeDescriptors(byte* control, nuint length)
    {
        List<SafeFileHandle> taken = [];
        nuint offset = 0;
        while (offset + (nuint)sizeof(CmsgHeader) <= length)
        {
            CmsgHeader* header = (CmsgHeader*)(control + offset);
            if (header->cmsg_len < (nuint)sizeof(CmsgHeader) || header->cmsg_len > length - offset)
            {
                break;
            }

            if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            {
                int count = (int)((header->cmsg_len - (nuint)sizeof(CmsgHeader)) / sizeof(int));
                for (int i = 0; i < count; i++)
                {
                    taken.Add(new SafeFileHandle(((int*)(header + 1))[i], ownsHandle: true));
                }
            }

            offset += CmsgHeader.Align(header->cmsg_len);
        }

        return [.. taken];
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(SafeFileHandle socket, in MsgHeader message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(SafeFileHandle socket, ref MsgHeader message, int flags);
}

/// <summary>struct iovec of sys/uio.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public void* iov_base;
    public nuint iov_len;
}

/// <summary>struct msghdr of sys/socket.h, on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MsgHeader
{
    public void* msg_name;
    public uint msg_namelen;
    public IoVector* msg_iov;
    public nuint msg_iovlen;
    public void* msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}

/// <summary>struct cmsghdr of sys/socket.h, on 64-bit machines; data follows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CmsgHeader
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;

    /// <summary>CMSG_LEN for so many descriptors.</summary>
    public static nuint Length(int descriptors) => (nuint)(sizeof(CmsgHeader) + (descriptors * sizeof(int)));

    /// <summary>CMSG_SPACE for so many descriptors.</summary>
    public static nuint Space(int descriptors) => Align(Length(descriptors));

    public static nuint Align(nuint length) => (length + 7) & ~(nuint)7;
}
