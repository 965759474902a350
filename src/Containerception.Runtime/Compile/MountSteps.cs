using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>
/// The mounts of the configuration, in its order. Each is made detached, given all its attributes, and then attached to a descriptor of its
/// target: there is no moment in which it lacks them, and nothing is resolved twice.
/// </summary>
internal static class MountSteps
{
    /// <summary>Files of /proc that may be mounted over (lxcfs does). Anything else there would fake what the kernel says: CVE-2019-16884.</summary>
    private static readonly ImmutableArray<string> ProcFiles =
    [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
        "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
    ];

    public static void Add(Compilation c)
    {
        foreach (MountConfig mount in c.Config.Mounts)
        {
            string target = Compilation.Clean(mount.Destination);
            MountOptions options = MountOptions.Parse(mount);
            if (target == "/")
            {
                throw new ContainerException(FailureKind.Invalid, "mounts: a mount on / would hide the root file system; set root.path instead");
            }

            if (options.Remount)
            {
                Remount(c, target, options);
            }
            else if (options.Bind)
            {
                Bind(c, mount, target, options);
            }
            else if (mount.Type == "cgroup")
            {
                CgroupMountSteps.Add(c, target, options);
            }
            else
            {
                New(c, mount, target, options);
            }
        }
    }

    /// <summary>The words that errors and --explain have for a mount.</summary>
    public static void Tell(Compilation c, string type, string target, string why)
        => c.Builder.Tell("mount", "mount {0} on {1}", why, type, target);

    /// <summary>Attaches a mount and applies what can only be applied there.</summary>
    public static void Attach(Compilation c, Slot mount, Slot target, MountOptions options)
    {
        if (options.RecursiveSet != 0 || options.RecursiveClear != 0)
        {
            c.SetAttributes(mount, options.RecursiveSet, options.RecursiveClear, 0, recursive: true);
        }

        if (options.Propagation != 0)
        {
            c.SetAttributes(mount, 0, 0, options.Propagation, options.PropagationRecursive);
        }

        c.Attach(mount, target);
    }

    private static void Bind(Compilation c, MountConfig mount, string target, MountOptions options)
    {
        string source = Path.GetFullPath(mount.Source ?? "", c.Bundle.Directory);
        if (mount.Source is null or "")
        {
            throw new ContainerException(FailureKind.Invalid, $"mounts: a bind mount on {target} needs a source");
        }

        if (options.Data.Count > 0)
        {
            throw new ContainerException(FailureKind.Invalid, $"mount {target}: unknown option \"{options.Data[0].Key}\" for a bind mount");
        }

        FileStatus? status = FileStatuses.TryStatx(Descriptor.WorkingDirectory, source, AtFlags.None);
        if (status is null)
        {
            throw new ContainerException(
                FailureKind.Invalid, $"mount {target}: no such file or directory (ENOENT): the source {source} does not exist on the host", "make it first, or mend mounts[].source");
        }

        Tell(c, source, target, "a directory or file of the host that the container is given");
        Slot place = OpenTarget(c, target, status.Value.IsDirectory, isProc: false);
        Slot tree = c.OpensSourcesInParent
            ? c.Inherit(OpenTree(source, options, target))
            : c.Builder.Take(SyscallNumbers.SYS_open_tree, -100, c.Builder.Text(source), (uint)TreeFlags(options));
        if (target == "/proc")
        {
            VerifyFileSystem(c, tree, FileSystemMagic.PROC_SUPER_MAGIC);
        }

        if (options.Set != 0 || options.Clear != 0)
        {
            c.SetAttributes(tree, options.Set, options.Clear, 0, recursive: false);
        }

        Attach(c, tree, place, options);
    }

    private static void New(Compilation c, MountConfig mount, string target, MountOptions options)
    {
        string type = mount.Type is { Length: > 0 } given
            ? given
            : throw new ContainerException(FailureKind.Invalid, $"mounts: the mount on {target} has no type");
        Tell(c, type, target, Why(type));
        Slot place = OpenTarget(c, target, directory: true, isProc: type == "proc");
        Slot made = c.NewFileSystem(type, mount.Source, options.Data, options.Set);
        if ((options.Set & MountAttributes.MOUNT_ATTR_NOSYMFOLLOW) != 0)
        {
            // fsmount(2) does not take this one.
            c.SetAttributes(made, MountAttributes.MOUNT_ATTR_NOSYMFOLLOW, 0, 0, recursive: false);
        }

        Attach(c, made, place, options);
    }

    private static void Remount(Compilation c, string target, MountOptions options)
    {
        Tell(c, "again", target, "a mount that is there gets other attributes");
        Slot place = OpenTarget(c, target, directory: true, isProc: false);
        c.SetAttributes(place, options.Set | options.RecursiveSet, options.Clear | options.RecursiveClear, options.Propagation, options.RecursiveSet != 0);
        c.Builder.Close(place);
    }

    /// <summary>Opens the target; /proc and /sys must be real directories, and what lies in /proc is mounted over only where that fakes nothing.</summary>
    private static Slot OpenTarget(Compilation c, string target, bool directory, bool isProc)
    {
        bool noLinks = target is "/proc" or "/sys";
        if (target.StartsWith("/proc/", StringComparison.Ordinal) && !ProcFiles.Contains(target))
        {
            throw new ContainerException(FailureKind.Invalid, $"mounts: {target} is inside /proc, which may not be mounted over", "only a few files there may be: cpuinfo, meminfo, stat, uptime …");
        }

        Slot place = c.OpenTarget(target, directory, noLinks);
        if (!isProc && target != "/proc" && !ProcFiles.Contains(target))
        {
            // A link of the image may lead there all the same, so the descriptor itself is asked (CVE-2023-27561).
            nint status = c.Memory.Reserve(120);
            c.Builder.Call(SyscallNumbers.SYS_fstatfs, place, status);
            c.Builder.Refuse(status, -1, (nint)(long)FileSystemMagic.PROC_SUPER_MAGIC, Errno.EPERM);
        }

        return place;
    }

    private static void VerifyFileSystem(Compilation c, Slot tree, FileSystemMagic type)
    {
        nint status = c.Memory.Reserve(120);
        c.Builder.Call(SyscallNumbers.SYS_fstatfs, tree, status);
        c.Builder.Verify(status, -1, (nint)(long)type, Errno.EPERM);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle OpenTree(string source, MountOptions options, string target)
    {
        try
        {
            return NewMounts.OpenTree(Descriptor.WorkingDirectory, source, TreeFlags(options));
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"mount {target}: {failure.Message}", Hints.For("open_tree", failure.Errno), failure);
        }
    }

    private static OpenTreeFlags TreeFlags(MountOptions options)
        => OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC | (options.Recursive ? OpenTreeFlags.AT_RECURSIVE : 0);

    private static string Why(string type) => type switch
    {
        "proc" => "programs look at processes and the kernel through it, and it must show this pid namespace, not the host's",
        "sysfs" => "devices and the kernel's objects, for this network namespace",
        "tmpfs" => "a place in memory that vanishes with the container",
        "devpts" => "terminals of its own, so that the host's cannot be reached",
        "mqueue" => "POSIX message queues of this ipc namespace",
        _ => "the configuration asks for it",
    };
}
