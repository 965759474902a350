using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Runtime;

/// <summary>What to do about a failure, only where the kernel's word misleads or the remedy is known.</summary>
internal static class Hints
{
    public static string? For(string call, Errno errno, Story? story = null) => (call, errno) switch
    {
        // mount(2) says ENOSPC for "too many mounts in this namespace", never for a full disk.
        ("mount" or "move_mount", Errno.ENOSPC) => "too many mounts in this namespace: see /proc/sys/fs/mount-max",

        // mount_too_revealing: a new proc or sysfs is allowed only where one is fully visible already.
        ("fsmount" or "fsconfig", Errno.EPERM) when story?.First is "proc" or "sysfs"
            => "inside a container whose /proc or /sys is partly masked, an unprivileged user namespace cannot mount a new one",
        ("fsopen", Errno.ENODEV) => story?.First is { } type ? $"this kernel has no file system '{type}': see /proc/filesystems" : "this kernel has no such file system: see /proc/filesystems",
        ("fsconfig", Errno.EINVAL) => "the file system does not know the option or its value",

        // user_namespaces(7): distributions switch them off for unprivileged users.
        ("clone3" or "unshare", Errno.EPERM) => "root is needed, or a user namespace: see /proc/sys/user/max_user_namespaces and the distribution's policy",
        ("clone" or "clone3" or "unshare", Errno.ENOSPC) => StartFailure.NoMoreNamespaces,
        ("clone3", Errno.EAGAIN) => "a limit on processes is reached: see pids.max of the own control group and ulimit -u",
        ("clone3", Errno.EACCES) => "the caller's own control group lies outside of what he was given: start from there (systemd-run --user --scope), or use --systemd-cgroup",
        ("setgroups", Errno.EPERM) => "in a user namespace that maps one group, a plain user's, further groups cannot be set: leave additionalGids out, or map more ids",
        ("setgroups", Errno.EINVAL) => "process.user.additionalGids has a group that linux.gidMappings does not map",
        ("pivot_root", Errno.EINVAL) => "the root file system of this machine cannot be pivoted from (an initramfs?): try --no-pivot",
        ("mkdirat" or "mknodat" or "target", Errno.EROFS) => "the mount's target does not exist in the read-only root file system and cannot be made there",
        ("target", Errno.ENOTDIR) => "a directory can only be mounted on a directory: the target, or something on the way to it, is a file",
        ("move_mount", Errno.EINVAL) => "a directory can only be mounted on a directory, and a file on a file",
        ("target", Errno.ELOOP) => "the path is, or goes through, a symbolic link where none may be",
        ("execve" or "program", Errno.ENOEXEC) => "not a program of this machine's architecture, or a script without '#!'",
        ("prlimit64", Errno.EPERM) => "process.rlimits asks for more than the caller's own hard limit, and the caller has no CAP_SYS_RESOURCE: see ulimit -H",
        ("seccomp", Errno.EINVAL) => "the kernel refuses the filter: see dmesg, and the flags of linux.seccomp",
        ("set_mempolicy", Errno.ENOSYS) => "this kernel was built without NUMA (CONFIG_NUMA): remove linux.memoryPolicy",
        ("set_mempolicy", Errno.EINVAL) => "a node is not there (see /sys/devices/system/node/online) or not in linux.resources.cpu.mems, or this kernel is too old for the mode",
        ("sched_setaffinity", Errno.EINVAL) => "none of the processors is there and in the container's cpuset",
        ("write", Errno.ENOENT) when story?.Name == "apparmor" => "the profile is not loaded: see /sys/kernel/security/apparmor/profiles",
        ("copy-up", Errno.ENOSPC) => "what tmpcopyup copies does not fit into the tmpfs: see its options size and nr_inodes",
        ("copy-up", Errno.ELOOP) => "tmpcopyup copies directories that are up to 64 deep",
        ("mount_setattr", Errno.EPERM) => "a mount that came from another user namespace keeps its ro, nosuid, nodev, noexec and access times: they cannot be cleared here",
        ("umount2", Errno.EINVAL) => "it is not a mount, or one that came with the container's user namespace and is locked to what lies below it",
        (_, Errno.ENOMEM) => "memory is short, or the control group's limit is too small for a process to start",
        (_, Errno.ENOSPC) => "the file system is full, or has no inodes left: df, df -i",
        (_, Errno.EMFILE) => "the limit on open files is reached: ulimit -n",
        _ => null,
    };
}
