using System.Diagnostics;
using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>
/// A user who is not root, with a home, a runtime directory and ids of his own: he exists in the mount namespace of his commands alone. In the
/// end nothing of his may run or lie around.
/// </summary>
public sealed class PlainUser : IDisposable
{
    private const string Group = "plain:x:4711:\n";
    private const string Password = "plain:x:4711:4711::/:/bin/sh\n";
    private const string Enter = """
        for name in passwd group subuid subgid; do mount --bind "$0/$name" "/etc/$name"; done
        if [ -e "$0/no-mapper" ]; then mount --bind "$0/no-mapper" /usr/bin/newuidmap; fi
        if [ -e "$0/tun" ]; then mount --bind "$0/tun" /dev/net/tun; fi
        cd "$0/home"
        exec setpriv --reuid=4711 --regid=4711 --clear-groups "$@"
        """;

    private const string Uid = "4711";

    public PlainUser()
    {
        Needs.Root();
        Needs.Program("setpriv");
        Needs.Program("unshare");
        Needs.Program("newuidmap");
        foreach (string name in new[] { "home", "run", "bin" })
        {
            Directory.CreateDirectory(Path.Join(Top, name));
        }

        Make("passwd", File.ReadAllText("/etc/passwd") + Password);
        Make("group", File.ReadAllText("/etc/group") + Group);
        Make("subuid", "plain:1000000:65536\n");
        Make("subgid", "4711:1000000:65536\n");
        foreach (string program in new[] { "cdock", "ception" })
        {
            File.Copy(Path.Join(Cdock.Out, program), Path.Join(Top, "bin", program));
        }

        Own("home");
        Own("run");
        File.SetUnixFileMode(Path.Join(Top, "run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Top { get; } = Path.Join(Path.GetTempPath(), $"cdock-plain-{Guid.NewGuid():N}");

    public string Home => Path.Join(Top, "home");

    private string RecordPath => Path.Join(Top, "run/cdock/keeper");

    // Not by .NET's files: they take a lock, and the keeper has this file's.
    public string Record
    {
        get => Read(RecordPath);

        set
        {
            using SafeFileHandle file = Files.Open(RecordPath, OpenFlags.O_WRONLY | OpenFlags.O_TRUNC);
            FileContents.WriteAll(file, Encoding.ASCII.GetBytes(value));
        }
    }

    /// <summary>The process that keeps his user namespace.</summary>
    public int Keeper => KeeperOf(RecordPath);

    /// <summary>Ends the process that a record names.</summary>
    public static void EndKeeper(string record) => Kill(KeeperOf(record));

    public Outcome Do(params string[] words)
    {
        using Process process = Start(words);
        return Cdock.Finish(process);
    }

    /// <summary>The same, which must succeed: what it wrote, without the last newline.</summary>
    public string Ok(params string[] words)
    {
        Outcome outcome = Do(words);
        Assert.True(outcome.ExitCode == 0, $"cdock {string.Join(' ', words)}: exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }

    /// <summary>The network namespace that is the machine's to him: a name of ip-netns(8). Null is this machine's.</summary>
    public string? Network { get; set; }

    public Process Start(params string[] words) => Run([$"{Top}/bin/cdock", .. words]);

    /// <summary>Starts commands that find cdock where others do.</summary>
    public Process StartScript(string script) => Run(["env", $"PATH={Top}/bin:{Environment.GetEnvironmentVariable("PATH")}", "bash", "-c", script]);

    private Process Run(string[] words)
    {
        string[] entering = Network is null ? [] : ["nsenter", $"--net=/run/netns/{Network}"];
        string[] line = [.. entering, "unshare", "--mount", "sh", "-c", Enter, Top, .. words];
        ProcessStartInfo start = new(line[0], line[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("CDOCK_ROOT");
        start.Environment.Remove("XDG_DATA_HOME");
        start.Environment["HOME"] = Home;
        start.Environment["USER"] = "plain";
        start.Environment["XDG_RUNTIME_DIR"] = Path.Join(Top, "run");
        return Process.Start(start)!;
    }

    /// <summary>Loads an image.</summary>
    internal void Load(TestImage image, string name = "test")
    {
        string archive = Make("home/image.tar", "");
        File.WriteAllBytes(archive, image.Archive(name));
        Ok("load", "-i", archive);
    }

    /// <summary>A file of his directory, for everybody to read.</summary>
    public string Make(string name, string content)
    {
        string path = Path.Join(Top, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Gives him a directory of his own.</summary>
    public void Own(string name) => Command("chown", $"{Uid}:{Uid}", Path.Join(Top, name));

    private static int KeeperOf(string record) => int.Parse(Read(record).Split(' ')[0], CultureInfo.InvariantCulture);

    private static string Read(string record)
    {
        using SafeFileHandle file = Files.Open(record, OpenFlags.O_RDONLY);
        return Encoding.ASCII.GetString(FileContents.ReadAll(file, 4096));
    }

    public static void Kill(int pid)
    {
        Command("kill", "-KILL", pid.ToString(CultureInfo.InvariantCulture));
        Cdock.Until(() => !Directory.Exists($"/proc/{pid}"), $"{pid} is gone");
    }

    /// <summary>Ends and removes all his containers.</summary>
    public void RemoveContainers()
    {
        foreach (string id in Ids())
        {
            Do("rm", "-f", id);
        }
    }

    public void Dispose()
    {
        RemoveContainers();

        // A keeper stays as long as the user's session; it is all that may.
        foreach (int keeper in Processes().Where(pid => Line(pid).StartsWith("cdock: ", StringComparison.Ordinal) && Holds(pid, RecordPath)))
        {
            Kill(keeper);
        }

        Cdock.Until(() => Running().Length == 0, $"all that he started is gone: {string.Join(' ', Running())}");
        Assert.DoesNotContain(Top, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
        Directory.Delete(Top, recursive: true);
    }

    private string[] Ids()
    {
        string containers = Path.Join(Home, ".local/share/cdock/containers");
        return Directory.Exists(containers) ? [.. Directory.EnumerateDirectories(containers).Select(path => Path.GetFileName(path))] : [];
    }

    private string[] Running() => [.. Processes().Select(Line).Where(line => line.Contains(Top, StringComparison.Ordinal))];

    private static IEnumerable<int> Processes()
        => Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse);

    private static bool Holds(int pid, string path)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{pid}/fd").Any(name => new FileInfo(name).LinkTarget?.StartsWith(path, StringComparison.Ordinal) == true);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Line(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Command(string program, params string[] words)
    {
        using Process process = Process.Start(program, words);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
