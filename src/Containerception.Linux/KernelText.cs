using System.Runtime.InteropServices.Marshalling;
using System.Text;

namespace Containerception.Linux;

/// <summary>
/// Gives a string to a call as UTF-8 with a NUL behind it; short ones on the stack. A string with a NUL inside is refused: the kernel would
/// read the part before it, and act on another path than the one that was checked.
/// </summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(KernelText.In))]
internal static class KernelText
{
    public unsafe ref struct In
    {
        private Utf8StringMarshaller.ManagedToUnmanagedIn _bytes;

        /// <summary>Bytes that the caller sets aside on its stack.</summary>
        public static int BufferSize => 256;

        public void FromManaged(string? text, Span<byte> buffer)
        {
            if (text is not null && text.Contains('\0', StringComparison.Ordinal))
            {
                throw new LinuxException($"a text for the kernel with a NUL inside, \"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\"",
                    Errno.EINVAL);
            }

            _bytes.FromManaged(text, buffer);
        }

        public byte* ToUnmanaged() => _bytes.ToUnmanaged();

        public void Free() => _bytes.Free();
    }

    /// <summary>What a call wrote, up to its NUL, or all of it.</summary>
    public static string Read(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
