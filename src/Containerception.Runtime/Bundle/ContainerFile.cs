using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A file of a container, read from outside. What it is was chosen by the image: a FIFO, a device, a link to either (CVE-2026-47262).</summary>
internal static class ContainerFile
{
    /// <summary>Opens a regular file below the root; links stay inside. Anything else is not opened at all: some devices act when they are.</summary>
    /// <returns>Null when there is none.</returns>
    public static SafeFileHandle? TryOpen(SafeFileHandle root, string path)
    {
        using SafeFileHandle? found = Files.TryOpenAt2(
            root, path, OpenFlags.O_PATH | OpenFlags.O_CLOEXEC, resolve: ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        return found is not null && FileStatuses.Statx(found).IsRegular ? Files.Reopen(found, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC) : null;
    }
}
