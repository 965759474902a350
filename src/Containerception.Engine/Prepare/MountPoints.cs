using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>
/// The lowest layer of every container of an image, shared by all: empty files and directories where something is mounted. So a mount that
/// the image has no place for leaves no trace in what the container has written.
/// </summary>
internal static class MountPoints
{
    private const string Name = "mountpoints";
    private const UnixFileMode DirectoryMode = (UnixFileMode)0x1ED; // 0755
    private const UnixFileMode FileMode = (UnixFileMode)0x1A4; // 0644
    private static readonly string[] Directories = ["", "dev", "proc", "sys", "etc"];

    /// <summary>The last of them shows that all are there.</summary>
    private static readonly string[] EmptyFiles = ["etc/hosts", "etc/hostname", "etc/resolv.conf"];

    /// <summary>The directory below a state directory, which is made where there is none.</summary>
    public static string In(string state)
    {
        string top = Path.Join(state, Name);
        if (File.Exists(Path.Join(top, EmptyFiles[^1])))
        {
            return top;
        }

        foreach (string directory in Directories)
        {
            string path = Path.Join(top, directory).TrimEnd('/');
            Directory.CreateDirectory(path);
            Files.FchmodAt(Descriptor.WorkingDirectory, path, DirectoryMode);
        }

        foreach (string file in EmptyFiles)
        {
            string path = Path.Join(top, file);
            File.AppendAllText(path, "");
            Files.FchmodAt(Descriptor.WorkingDirectory, path, FileMode);
        }

        return top;
    }
}
