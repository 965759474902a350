using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Containerception.Probe;

/// <summary>What a process can try: the answer to a call is <c>ok</c> or the number of its errno.</summary>
internal static unsafe class Deeds
{
    // Numbers for x86-64 and arm64; from 424 on they are the same everywhere.
    private static readonly Dictionary<string, (int X64, int Arm64)> Syscalls = new()
    {
        ["getpid"] = (39, 172),
        ["getppid"] = (110, 173),
        ["getuid"] = (102, 174),
        ["ptrace"] = (101, 117),
        ["setuid"] = (105, 146),
        ["personality"] = (135, 92),
        ["chroot"] = (161, 51),
        ["settimeofday"] = (164, 170),
        ["mount"] = (165, 40),
        ["reboot"] = (169, 142),
        ["sethostname"] = (170, 161),
        ["mkdirat"] = (258, 34),
        ["unshare"] = (272, 97),
        ["add_key"] = (248, 217),
        ["keyctl"] = (250, 219),
        ["bpf"] = (321, 280),
        ["clone3"] = (435, 435),
        ["open_tree"] = (428, 428),
    };

    /// <summary>Opens <paramref name="path"/> for the letters r, w, c (create), and says what came of it.</summary>
    public static int TryOpen(string path, string letters)
    {
        int flags = letters.Contains('w', StringComparison.Ordinal)
            ? letters.Contains('r', StringComparison.Ordinal) ? Libc.O_RDWR : Libc.O_WRONLY
            : Libc.O_RDONLY;
        flags |= letters.Contains('c', StringComparison.Ordinal) ? Libc.O_CREAT : 0;
        return Report(Libc.open(path, flags | Libc.O_NONBLOCK, 0x1A4));
    }

    /// <summary>Writes text into a file that exists.</summary>
    public static int TryWrite(string path, string text)
    {
        int fd = Libc.open(path, Libc.O_WRONLY, 0);
        if (fd < 0)
        {
            return Report(-1);
        }

        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
        {
            return Report(Libc.write(fd, start, (nuint)bytes.Length));
        }
    }

    /// <summary>Sends lines as one message to a unix socket.</summary>
    public static int Datagram(string path, ReadOnlySpan<string> lines)
    {
        const int AF_UNIX = 1;
        const int SOCK_DGRAM = 2;
        const int SockaddrSize = 110;
        byte* address = stackalloc byte[SockaddrSize];
        new Span<byte>(address, SockaddrSize).Clear();
        *(ushort*)address = AF_UNIX;
        System.Text.Encoding.UTF8.GetBytes(path, new Span<byte>(address + sizeof(ushort), SockaddrSize - sizeof(ushort) - 1));
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines!));
        fixed (byte* start = bytes)
        {
            return Report(Libc.sendto(Libc.socket(AF_UNIX, SOCK_DGRAM, 0), start, (nuint)bytes.Length, 0, address, SockaddrSize));
        }
    }

    /// <summary>Makes one system call, by name or number, with numbers as its arguments.</summary>
    public static int TrySyscall(string name, ReadOnlySpan<string> words)
    {
        nint[] arguments = new nint[6];
        for (int i = 0; i < words.Length; i++)
        {
            arguments[i] = nint.Parse(words[i], CultureInfo.InvariantCulture);
        }

        int number = Syscalls.TryGetValue(name, out (int X64, int Arm64) numbers)
            ? RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? numbers.Arm64 : numbers.X64
            : int.Parse(name, CultureInfo.InvariantCulture);
        return Report(Libc.syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
    }

    /// <summary>Touches that many bytes of memory, and says so when it lives to.</summary>
    public static int Hog(long bytes)
    {
        byte* memory = (byte*)Libc.mmap(null, (nuint)bytes, Libc.PROT_READ_WRITE, Libc.MAP_PRIVATE_ANONYMOUS, -1, 0);
        if ((nint)memory == -1)
        {
            return Report(-1);
        }

        for (long offset = 0; offset < bytes; offset += 4096)
        {
            memory[offset] = 1;
        }

        return Answer.Line("ok");
    }

    /// <summary>Forks up to that many times, and says how often it could.</summary>
    public static int ForkBomb(int count)
    {
        List<int> children = [];
        while (children.Count < count)
        {
            int child = Libc.fork();
            if (child == 0)
            {
                while (true)
                {
                    _ = Libc.pause();
                }
            }

            if (child < 0)
            {
                break;
            }

            children.Add(child);
        }

        foreach (int child in children)
        {
            _ = Libc.kill(child, Libc.SIGKILL);
        }

        return Answer.Line(children.Count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Keeps a processor busy that long, and says how much of it was had, in milliseconds.</summary>
    public static int Spin(int milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds)
        {
        }

        // Fields 14 and 15 of /proc/self/stat, in ticks of a hundredth of a second. The name in field 2 may hold spaces.
        string[] fields = File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return Answer.Line((ticks * 10).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Does nothing until it is killed.</summary>
    public static int Sleep()
    {
        while (true)
        {
            _ = Libc.pause();
        }
    }

    public static int KillSelf(int signal)
    {
        _ = Libc.kill(Libc.getpid(), signal);
        return Sleep();
    }

    private static int Report(nint result) => Answer.Line(result >= 0 ? "ok" : Libc.Errno.ToString(CultureInfo.InvariantCulture));
}
