using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Which of the security modules that label processes is on. LSM, in the kernel's admin-guide.</summary>
public static class SecurityModules
{
    private const int SwitchBytesMax = 16;

    /// <summary>AppArmor; its own switch needs no securityfs to be mounted.</summary>
    public static bool HasAppArmor()
    {
        try
        {
            return FileContents.ReadText(Descriptor.WorkingDirectory, "/sys/module/apparmor/parameters/enabled", SwitchBytesMax).StartsWith('Y');
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.EACCES)
        {
            return false;
        }
    }

    /// <summary>SELinux, which is on where its file system is mounted.</summary>
    public static bool HasSelinux()
    {
        try
        {
            using SafeFileHandle directory = Files.Open("/sys/fs/selinux", OpenFlags.O_PATH | OpenFlags.O_CLOEXEC);
            return FileSystems.Fstatfs(directory).Type == FileSystemMagic.SELINUX_MAGIC;
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.EACCES)
        {
            return false;
        }
    }
}
