using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>Where programs are: beside this one, or in PATH.</summary>
internal static class Programs
{
    /// <summary>The absolute path of a program; null when there is none.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return IsExecutable(name) ? Path.GetFullPath(name) : null;
        }

        IEnumerable<string> directories = [AppContext.BaseDirectory, .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')];

        // A superuser's PATH may lack what is only for superusers.
        return directories.Concat(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
            .Where(directory => directory.StartsWith('/'))
            .Select(directory => Path.Join(directory, name))
            .FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path)
    {
        try
        {
            return FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None) is { IsRegular: true } status
                && (status.Permissions & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
        }
        catch (LinuxException hidden) when (hidden.Errno == Errno.EACCES)
        {
            // A PATH may lead through directories that its user may not enter.
            return false;
        }
    }
}
