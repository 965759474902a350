using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Containerception.Linux;

/// <summary>
/// Gives a string to a call as the bytes that <see cref="FileNames"/> has for it, with a NUL behind them; short ones on the stack. A string with a NUL inside is refused: the kernel would
/// read the part before it, and act on another path than the one that was checked.
/// </summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(KernelText.In))]
internal static class KernelText
{
    public unsafe ref struct In
    {
        private Utf8StringMarshaller.ManagedToUnmanagedIn _bytes;
        private byte* _escaped;

        /// <summary>Bytes that the caller sets aside on its stack.</summary>
        public static int BufferSize => 256;

        public void FromManaged(string? text, Span<byte> buffer)
        {
            if (text is not null && text.Contains('\0', StringComparison.Ordinal))
            {
                throw new LinuxException($"a text for the kernel with a NUL inside, \"{text.Replace("\0", "\\0", StringComparison.Ordinal)}\"",
                    Errno.EINVAL);
            }

            if (text is null || !FileNames.MayHaveEscapes(text))
            {
                _bytes.FromManaged(text, buffer);
                return;
            }

            // A name that is not UTF-8, or an emoji in it: rare enough for the heap.
            int lengthMax = FileNames.LengthMax(text);
            _escaped = (byte*)NativeMemory.Alloc((nuint)lengthMax + 1);
            _escaped[FileNames.Write(text, new Span<byte>(_escaped, lengthMax))] = 0;
        }

        public byte* ToUnmanaged() => _escaped is null ? _bytes.ToUnmanaged() : _escaped;

        public void Free()
        {
            NativeMemory.Free(_escaped);
            _bytes.Free();
        }
    }

    /// <summary>What a call wrote, up to its NUL, or all of it.</summary>
    public static string Read(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return FileNames.Read(end < 0 ? bytes : bytes[..end]);
    }
}
