using System.Globalization;
using System.Runtime.InteropServices;

namespace Containerception.Probe;

/// <summary>Tries every file below directories of the kernel's: what a process gets to see, and what it could change.</summary>
internal static unsafe class Reach
{
    private const int O_NOCTTY = 0x100;
    private const int EAGAIN = 11;

    // What /dev/null lies over opens, and tells of itself.
    private static readonly HashSet<string> s_covered =
        [.. File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Where(words => words[3] == "/null").Select(words => words[4])];

    private static readonly string s_self = Libc.getpid().ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// A line for each that opens: <c>r PATH</c> when it can be read from too, or is empty, and <c>w PATH</c> when it can be opened for writing; nothing is
    /// written. No link is followed, and of processes it looks at itself alone.
    /// </summary>
    public static int Into(ReadOnlySpan<string> directories)
    {
        using StreamWriter output = new(Console.OpenStandardOutput());
        foreach (string directory in directories)
        {
            Walk(directory, output);
        }

        return 0;
    }

    private static void Walk(string directory, StreamWriter output)
    {
        foreach (FileSystemInfo entry in Entries(directory))
        {
            if (entry is FileInfo && !s_covered.Contains(entry.FullName))
            {
                Try(entry.FullName, output);
            }
            else if (entry is DirectoryInfo && (entry.Name == s_self || !IsOfAProcess(entry.FullName)))
            {
                Walk(entry.FullName, output);
            }
        }
    }

    private static FileSystemInfo[] Entries(string directory)
    {
        try
        {
            return [.. new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(entry => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint))];
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsOfAProcess(string path) => Path.GetFileName(path).All(char.IsAsciiDigit) && File.Exists(Path.Join(path, "oom_score"));

    private static void Try(string path, StreamWriter output)
    {
        byte one;
        int fd = Libc.open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | O_NOCTTY, 0);
        if (fd >= 0 && (Libc.read(fd, &one, 1) >= 0 || Marshal.GetLastPInvokeError() == EAGAIN))
        {
            output.WriteLine($"r {path}");
        }

        _ = Libc.close(fd);
        fd = Libc.open(path, Libc.O_WRONLY | Libc.O_NONBLOCK | O_NOCTTY, 0);
        if (fd >= 0)
        {
            output.WriteLine($"w {path}");
        }

        _ = Libc.close(fd);
    }
}
