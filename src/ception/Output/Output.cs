using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary>
/// A descriptor that text is written to, at once and by write(2). System.Console would start encodings, terminal settings and
/// signal handlers, which take longer than a container.
/// </summary>
internal sealed class Output(SafeFileHandle file)
{
    private const int StandardOutputNumber = 1;
    private const int StandardErrorNumber = 2;

    public static Output Standard { get; } = new(new SafeFileHandle(StandardOutputNumber, ownsHandle: false));

    public static Output Error { get; } = new(new SafeFileHandle(StandardErrorNumber, ownsHandle: false));

    /// <summary>A log: created when it is missing, written at its end, safe on disk before the next word.</summary>
    public static Output Append(string path)
    {
#pragma warning disable CA2000 // The log is open as long as the program runs.
        SafeFileHandle file = Files.Open(
            path,
            OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND | OpenFlags.O_SYNC,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
#pragma warning restore CA2000
        return new Output(file);
    }

    public bool IsTerminal => Descriptor.Describe(file) is string path
        && (path.Contains("</dev/pts/", StringComparison.Ordinal) || path.Contains("</dev/tty", StringComparison.Ordinal)
            || path.Contains("</dev/console", StringComparison.Ordinal));

    public void Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    public void Write(ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            FileContents.WriteAll(file, text);
        }
    }
}
