using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The file of <c>--cidfile</c>, which gets a container's id.</summary>
internal static class CidFile
{
    /// <exception cref="EngineException"><see cref="FailureKind.AlreadyExists"/>: some container's id may be in it.</exception>
    public static void Reserve(string? path, Undo undo)
    {
        if (path is null)
        {
            return;
        }

        try
        {
            using SafeFileHandle file = Files.Open(
                path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        catch (LinuxException taken) when (taken.Errno == Errno.EEXIST)
        {
            throw new EngineException(
                FailureKind.AlreadyExists, $"container ID file found, make sure the other container isn't running or delete {path}", cause: taken);
        }

        undo.Add(() => File.Delete(path));
    }

    public static void Write(string? path, string id)
    {
        if (path is not null)
        {
            using SafeFileHandle file = Files.Open(path, OpenFlags.O_WRONLY);
            FileContents.WriteAll(file, Encoding.ASCII.GetBytes(id));
        }
    }
}
