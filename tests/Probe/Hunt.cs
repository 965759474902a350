using System.Diagnostics;
using System.Globalization;

namespace Containerception.Probe;

/// <summary>
/// Looks, for a while, at every process that it can see for a way to what only the host has: what a container does that has broken out through
/// a runtime joining it.
/// </summary>
/// <param name="secret">The path of a file on the host.</param>
internal sealed unsafe class Hunt(string secret)
{
    private const int DescriptorsMax = 48;
    private const int KeptMax = 64;
    private const string Up = "/../../../../../../../../../..";

    // What the kernel shows for the stub between the runtime and the program: sealed, without privileges, nobody's secret.
    private const string Stub = "/memfd:ception-exec (deleted)";

    // ptrace(2).
    private const nint PTRACE_SEIZE = 0x4206;
    private readonly SortedSet<string> _found = [];
    private readonly Dictionary<int, string> _kept = [];

    /// <summary>Tells what it found, a line each, and at the end <c>over</c>.</summary>
    public static int ForWaysOut(int milliseconds, string secret, bool traces)
    {
        Hunt hunt = new(secret);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds)
        {
            foreach (string process in Directory.EnumerateDirectories("/proc"))
            {
                if (int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int pid) && pid != Libc.getpid())
                {
                    hunt.LookAt(process, pid, traces);
                }
            }

            hunt.TryKept();
        }

        return Answer.Line(string.Join('\n', hunt._found.Append("over")));
    }

    private void LookAt(string process, int pid, bool traces)
    {
        TryOpen("root", process + "/root" + secret, Libc.O_RDONLY);
        TryOpen("cwd", process + "/cwd" + Up + secret, Libc.O_RDONLY);
        for (int fd = 3; fd < DescriptorsMax; fd++)
        {
            TryOpen("descriptor", $"{process}/fd/{fd}{Up}{secret}", Libc.O_RDONLY);
        }

        string? program = LinkOf(process + "/exe");
        if (program is null || program.StartsWith("/bin/", StringComparison.Ordinal))
        {
            return;
        }

        TryWrite("wrote ", program, process + "/exe");

        // It cannot be written while it runs; whoever holds it can wait.
        if (_kept.Count < KeptMax && Libc.open(process + "/exe", Libc.O_RDONLY, 0) is >= 0 and int kept)
        {
            _kept[kept] = program;
        }

        if (traces && program != Stub && Libc.syscall(101, PTRACE_SEIZE, pid, 0, 0, 0, 0) == 0)
        {
            _found.Add("traced " + program);
        }
    }

    private void TryKept()
    {
        foreach ((int fd, string program) in _kept)
        {
            TryWrite("kept and wrote ", program, $"/proc/self/fd/{fd}");
        }
    }

    /// <summary>A sealed memfd can be opened for writing, but not written.</summary>
    private void TryWrite(string what, string program, string path)
    {
        if (program != Stub)
        {
            TryOpen(what + program, path, Libc.O_WRONLY);
            return;
        }

        byte nothing = 0;
        int fd = Libc.open(path, Libc.O_WRONLY, 0);
        if (fd >= 0 && Libc.write(fd, &nothing, 1) == 1)
        {
            _found.Add(what + program);
        }

        _ = Libc.close(fd);
    }

    /// <summary>By open(2) itself: the base library would take ".." out of the path first.</summary>
    private void TryOpen(string what, string path, int flags)
    {
        int fd = Libc.open(path, flags | Libc.O_NONBLOCK, 0);
        if (fd >= 0)
        {
            _found.Add(what);
            _ = Libc.close(fd);
        }
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
