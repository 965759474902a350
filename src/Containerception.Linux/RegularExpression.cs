using System.Runtime.InteropServices;
using System.Text;

namespace Containerception.Linux;

/// <summary>POSIX extended regular expressions, which match anywhere in a text: regcomp(3).</summary>
public sealed unsafe partial class RegularExpression : IDisposable
{
    private const int REG_EXTENDED = 1;
    private const int REG_NOSUB = 8;
    private const int MessageBytesMax = 256;

    // regex_t has 64 bytes in glibc, and fewer in musl.
    private const int CompiledBytesMax = 256;

    private void* _compiled = NativeMemory.AllocZeroed(CompiledBytesMax);

    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public RegularExpression(string pattern)
    {
        int error = regcomp(_compiled, pattern, REG_EXTENDED | REG_NOSUB);
        if (error == 0)
        {
            return;
        }

        Span<byte> message = stackalloc byte[MessageBytesMax];
        int length = (int)Math.Min(regerror(error, _compiled, message, (nuint)message.Length), (nuint)message.Length) - 1;
        NativeMemory.Free(_compiled);
        _compiled = null;
        throw new FormatException(Encoding.UTF8.GetString(message[..Math.Max(length, 0)]));
    }

    public bool IsMatch(string text)
    {
        ObjectDisposedException.ThrowIf(_compiled is null, this);
        return regexec(_compiled, text, 0, null, 0) == 0;
    }

    public void Dispose()
    {
        if (_compiled is not null)
        {
            regfree(_compiled);
            NativeMemory.Free(_compiled);
            _compiled = null;
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int regcomp(void* compiled, string pattern, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static partial int regexec(void* compiled, string text, nuint matches, void* match, int flags);

    [LibraryImport("libc")]
    private static partial nuint regerror(int error, void* compiled, Span<byte> message, nuint size);

    [LibraryImport("libc")]
    private static partial void regfree(void* compiled);
}
