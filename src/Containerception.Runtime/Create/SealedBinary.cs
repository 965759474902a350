using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Keeps a container from overwriting the program that makes it (CVE-2019-5736). Whoever can make us execute /proc/self/exe, by a script's
/// interpreter line or as the program itself, holds a descriptor of our own file, and once we have ended he may open it for writing. So
/// before anything of a container is touched we become a copy that nobody can write: the same file through a read-only mount that is
/// attached nowhere; or, without the right to mount, a sealed copy in memory.
/// </summary>
internal static class SealedBinary
{
    private const string Self = "/proc/self/exe";
    private const int ArgumentBytesMax = 4 << 20;
    private const Seals All = Seals.F_SEAL_SEAL | Seals.F_SEAL_SHRINK | Seals.F_SEAL_GROW | Seals.F_SEAL_WRITE;

    /// <summary>Returns at once when this process runs from a file that cannot be written; else becomes one that does, from the start.</summary>
    /// <exception cref="LinuxException">Neither way is open: /proc is not mounted, or memory is short.</exception>
    public static void Ensure()
    {
        using SafeFileHandle self = Open();
        if (IsSealed(self))
        {
            return;
        }

        using SafeFileHandle copy = NewMounts.TryCloneReadOnly(Self) ?? CopyToMemory(self);
        Processes.Execveat(copy, ReadList("/proc/self/cmdline"), ReadList("/proc/self/environ"));
    }

    /// <summary>Whether this process runs from a file that cannot be written.</summary>
    public static bool IsSealed()
    {
        using SafeFileHandle self = Open();
        return IsSealed(self);
    }

    /// <summary>Whether another process does.</summary>
    public static bool IsSealed(int pid)
    {
        using SafeFileHandle exe = Files.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/exe"), OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        return IsSealed(exe);
    }

    private static SafeFileHandle Open() => Files.Open(Self, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);

    private static bool IsSealed(SafeFileHandle file)
        => FileSystems.Fstatfs(file).Flags.HasFlag(FileSystemFlags.ST_RDONLY) || MemoryFiles.TryGetSeals(file) is { } seals && seals.HasFlag(All);

    private static SafeFileHandle CopyToMemory(SafeFileHandle self)
    {
        SafeFileHandle copy = MemoryFiles.CreateExecutable("ception");
        while (FileContents.SendFile(copy, self) > 0)
        {
        }

        MemoryFiles.AddSeals(copy, All);
        return copy;
    }

    /// <summary>Texts that end with a NUL each.</summary>
    private static List<string> ReadList(string path)
    {
        using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        byte[] content = FileContents.ReadAll(file, ArgumentBytesMax);
        List<string> texts = [];
        for (int start = 0; start < content.Length;)
        {
            int length = content.AsSpan(start).IndexOf((byte)0);
            length = length < 0 ? content.Length - start : length;
            texts.Add(Encoding.UTF8.GetString(content, start, length));
            start += length + 1;
        }

        return texts;
    }
}
