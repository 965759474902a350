using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>What is said of a file descriptor: its number and, for messages only, the path behind it.</summary>
public static partial class Descriptor
{
    private const int PathLengthMax = 4096;
    private const int AT_FDCWD = -100;

    /// <summary>AT_FDCWD as a handle: relative paths start at the working directory. Closing it does nothing.</summary>
    public static SafeFileHandle WorkingDirectory { get; } = new(AT_FDCWD, ownsHandle: false);

    /// <summary><c>7&lt;/etc/hostname&gt;</c>, or <c>AT_FDCWD</c>. The path is the one of this moment: for messages, never to open again.</summary>
    public static string Describe(SafeFileHandle handle)
    {
        int number = (int)handle.DangerousGetHandle();
        if (number == AT_FDCWD)
        {
            return nameof(AT_FDCWD);
        }

        string digits = number.ToString(CultureInfo.InvariantCulture);
        Span<byte> buffer = stackalloc byte[PathLengthMax];
        nint length = readlink("/proc/self/fd/" + digits, buffer, buffer.Length);
        return length < 0 ? digits : $"{digits}<{Encoding.UTF8.GetString(buffer[..(int)length])}>";
    }

    /// <summary>The path of an open descriptor for a call that only knows paths. It leads to the file itself, not by its name. See proc(5).</summary>
    public static string MagicLink(SafeFileHandle handle)
        => "/proc/self/fd/" + ((int)handle.DangerousGetHandle()).ToString(CultureInfo.InvariantCulture);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint readlink(string path, Span<byte> buffer, nint size);
}
