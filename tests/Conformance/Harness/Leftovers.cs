using System.Text;

namespace Containerception.Conformance.Tests;

/// <summary>What a test's containers have left on the machine: there must be nothing.</summary>
internal sealed class Leftovers(string token, string scratch)
{
    /// <summary>The variable that every process of a test carries, in a container or out of it.</summary>
    public const string TokenName = "CONFORMANCE_TEST";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private readonly HashSet<string> _mountsBefore = [.. Mounts()];
    private readonly HashSet<string> _cgroupsBefore = [.. Cgroups()];
    private readonly HashSet<string> _beginnings = CgroupFiles.Beginnings();

    /// <summary>
    /// Whether everything that is new is this test's. In CI nobody else runs containers; elsewhere only what bears the test's name is its own.
    /// </summary>
    private static bool Alone => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>Everything left, after a moment for the kernel to finish what it does behind one's back.</summary>
    public IReadOnlyList<string> Find()
    {
        DateTime deadline = DateTime.UtcNow + Grace;
        List<string> found = Look();
        while (found.Count > 0 && DateTime.UtcNow < deadline)
        {
            Thread.Sleep(20);
            found = Look();
        }

        return found;
    }

    /// <summary>Takes away what a failed test has left, so that the next one is judged by its own.</summary>
    public void Clear()
    {
        foreach (int pid in Processes())
        {
            Posix.Kill(pid, Posix.SIGKILL);
        }

        foreach (string line in Mounts().Where(line => line.Contains(scratch, StringComparison.Ordinal)).Reverse())
        {
            Command.Run("umount", "-l", line.Split(' ')[4]);
        }

        foreach (string cgroup in Cgroups().Where(IsOurs).OrderByDescending(path => path.Length))
        {
            Command.Run("rmdir", cgroup);
        }
    }

    private List<string> Look()
    {
        List<string> found = [];
        found.AddRange(Processes().Select(pid => $"process {pid}: {ReadOrEmpty($"/proc/{pid}/cmdline").Replace('\0', ' ')}"));
        found.AddRange(Mounts().Where(line => !_mountsBefore.Contains(line) && (Alone || line.Contains(scratch, StringComparison.Ordinal)))
            .Select(line => $"mount {line}"));
        found.AddRange(Cgroups().Where(path => !_cgroupsBefore.Contains(path) && (IsOurs(path) || (Alone && IsBelowOurs(path)))).Select(path => $"cgroup {path}"));
        string state = Path.Combine(scratch, "state");
        if (Directory.Exists(state))
        {
            // What is not a container's, such as crun's cache of filters, has a name that starts with a dot.
            found.AddRange(Directory.GetFileSystemEntries(state).Where(path => !Path.GetFileName(path).StartsWith('.')).Select(path => $"state {path}"));
        }

        return found;
    }

    private bool IsOurs(string cgroup) => cgroup.Contains(token, StringComparison.Ordinal);

    /// <summary>Services of the machine make groups too, below their own.</summary>
    private bool IsBelowOurs(string cgroup)
    {
        string old = cgroup;
        while (!_cgroupsBefore.Contains(old) && !_beginnings.Contains(old))
        {
            old = Path.GetDirectoryName(old)!;
        }

        return _beginnings.Contains(old);
    }

    private IEnumerable<int> Processes()
    {
        byte[] mark = Encoding.ASCII.GetBytes($"{TokenName}={token}");
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int pid) && Carries(pid, mark))
            {
                yield return pid;
            }
        }
    }

    private static bool Carries(int pid, byte[] mark)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ").AsSpan().IndexOf(mark) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string[] Mounts() => File.ReadAllLines("/proc/self/mountinfo");

    private static string[] Cgroups()
    {
        EnumerationOptions all = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return Directory.GetDirectories("/sys/fs/cgroup", "*", all);
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
