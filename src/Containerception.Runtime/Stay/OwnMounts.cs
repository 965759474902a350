using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The mounts of this process's mount namespace.</summary>
internal static class OwnMounts
{
    private const int TableBytesMax = 16 << 20;
    private const int MountPointField = 4;

    /// <summary>Takes away what is mounted below a directory, so that it can be removed from here too.</summary>
    public static void DetachBelow(string directory)
    {
        using SafeFileHandle table = Files.Open("/proc/self/mountinfo", OpenFlags.O_RDONLY);
        string[] lines = Encoding.UTF8.GetString(FileContents.ReadAll(table, TableBytesMax)).Split('\n');
        for (int i = lines.Length - 1; i >= 0; i--)
        {
            string[] fields = lines[i].Split(' ');
            if (fields.Length > MountPointField && Unescape(fields[MountPointField]) is string place && place.StartsWith(directory + "/", StringComparison.Ordinal))
            {
                try
                {
                    Mounting.Umount(place, UmountFlags.MNT_DETACH | UmountFlags.UMOUNT_NOFOLLOW);
                }
                catch (LinuxException gone) when (gone.Errno is Errno.EINVAL or Errno.ENOENT)
                {
                    // It went with one above it.
                }
            }
        }
    }

    // proc_pid_mountinfo(5): blanks, tabs, newlines and backslashes are three octal digits.
    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
