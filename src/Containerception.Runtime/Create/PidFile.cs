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
            using (SafeFileHandle file = Files.Open(beside, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC | OpenFlags.O_CLOEXEC, Mode))
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
}
