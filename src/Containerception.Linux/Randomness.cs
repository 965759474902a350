using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>getrandom(2): random bytes without a file and without a library.</summary>
public static partial class Randomness
{
    // Up to so many bytes come whole, whatever signal arrives.
    private const int BytesMax = 256;

    /// <summary>Fills the buffer, at most 256 bytes, with what nobody can guess.</summary>
    public static void Fill(Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffer.Length, BytesMax);
        Check.Result(getrandom(buffer, (nuint)buffer.Length, 0), $"getrandom({buffer.Length}, 0)");
    }

    /// <summary>So many bytes, at most 256, as hexadecimal digits.</summary>
    public static string GetHex(int bytes)
    {
        Span<byte> buffer = stackalloc byte[BytesMax];
        Fill(buffer[..bytes]);
        return Convert.ToHexStringLower(buffer[..bytes]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(Span<byte> buffer, nuint size, uint flags);
}
