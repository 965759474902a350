using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Which kernel this is: uname(2).</summary>
public static partial class KernelNames
{
    /// <summary>How many bytes <see cref="Read"/> writes.</summary>
    public const int Length = 3 * FieldLength;

    // struct utsname of linux/utsname.h: sysname, nodename, release, version, machine, domainname.
    private const int FieldLength = 65;
    private const int FieldCount = 6;
    private const int ReleaseField = 2;

    /// <summary>Its release, version and machine, each filled up with NUL: to be compared, not to be read.</summary>
    public static void Read(Span<byte> names)
    {
        Span<byte> all = stackalloc byte[FieldCount * FieldLength];
        all.Clear();
        Check.Result(uname(all), $"uname()");
        all.Slice(ReleaseField * FieldLength, Length).CopyTo(names);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int uname(Span<byte> names);
}
