using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The caller's pid file: decimal, no newline, complete from its first moment on.</summary>
internal static class PidFile
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static void Write(string path, int pid)
    {
        string absolute = Path.GetFullPath(path);
        string beside = Path.Join(Path.GetDirectoryName(absolute), "." + Path.GetFileName(absolute));
        try
        {
            using (SafeFileHandle file = Make(beside))
            {
                FileContents.WriteAll(file, Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture)));
            }

            Files.RenameAt2(Descriptor.WorkingDirectory, beside, Descriptor.WorkingDirectory, absolute);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"write the pid file {path}: {failure.Message}", cause: failure);
        }
    }

    /// <summary>A file of our own: what lies there is a dead caller's, or was planted to be written through.</summary>
    private static SafeFileHandle Make(string path)
    {
        const OpenFlags New = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_CLOEXEC;
        try
        {
            return Files.Open(path, New, Mode);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EEXIST)
        {
            Files.TryUnlinkAt(Descriptor.WorkingDirectory, path);
            return Files.Open(path, New, Mode);
        }
    }
}
