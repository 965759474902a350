using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Execution domains, and what modifies them, spelled as in sys/personality.h.</summary>
[Flags]
public enum PersonalityFlags : uint
{
    PER_LINUX = 0,
    PER_LINUX32 = 8,
    UNAME26 = 0x0020000,
    ADDR_NO_RANDOMIZE = 0x0040000,
    FDPIC_FUNCPTRS = 0x0080000,
    MMAP_PAGE_ZERO = 0x0100000,
    ADDR_COMPAT_LAYOUT = 0x0200000,
    READ_IMPLIES_EXEC = 0x0400000,
    ADDR_LIMIT_32BIT = 0x0800000,
    SHORT_INODE = 0x1000000,
    WHOLE_SECONDS = 0x2000000,
    STICKY_TIMEOUTS = 0x4000000,
    ADDR_LIMIT_3GB = 0x8000000,
}

/// <summary>personality(2).</summary>
public static partial class Personalities
{
    private const uint Ask = 0xffffffff;

    /// <summary>The personality of the thread.</summary>
    public static PersonalityFlags Get() => (PersonalityFlags)Check.Result(personality(Ask), $"personality(0xffffffff)");

    /// <summary>Sets the personality of the thread, which execve(2) keeps.</summary>
    public static void Set(PersonalityFlags flags) => Check.Result(personality((uint)flags), $"personality({flags})");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int personality(uint persona);
}
