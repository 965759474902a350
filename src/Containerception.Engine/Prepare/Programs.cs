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

        // A superuser's PATH may lack what is only for superusers.
        string[] directories =
        [
            AppContext.BaseDirectory, .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'),
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
        ];
        foreach (string directory in directories)
        {
            if (directory.StartsWith('/') && Path.Join(directory, name) is string path && IsExecutable(path))
            {
                return path;
            }
        }

        return null;
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
