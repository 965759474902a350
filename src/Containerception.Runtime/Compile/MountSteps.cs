using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>
/// The mounts of the configuration, in its order. Each is made detached, given all its attributes, and then attached to a descriptor of its
/// target: there is no moment in which it lacks them, and nothing is resolved twice.
/// </summary>
internal static class MountSteps
{
    // struct statx: the mode is 16 bits, and 16 bits of nothing follow it.
    private const int StatxSize = 256;
    private const int ModeOffset = 28;
    private const int STATX_MODE = 2;

    /// <summary>Files of /proc that may be mounted over (lxcfs does). Anything else there would fake what the kernel says: CVE-2019-16884.</summary>
    private static readonly ImmutableArray<string> ProcFiles =
    [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo",
        "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
    ];

    /// <returns>Those that are to be read-only once everything on them is there: see <see cref="Seal"/>.</returns>
    public static IReadOnlyList<Slot> Add(Compilation c)
    {
        List<Slot> unsealed = [];
        foreach (MountConfig mount in c.Config.Mounts)
        {
            string target = Target(mount);
            MountOptions options = MountOptions.Parse(mount);
            if (options.Remount)
            {
                Remount(c, target, options);
            }
            else if (mount.Type == "cgroup" && !options.Bind)
            {
                CgroupMountSteps.Add(c, target, options);
            }
            else
            {
                Add(c, mount, target, options, unsealed);
            }
        }

        return unsealed;
    }

    /// <summary>The end of what <see cref="Add(Compilation)"/> began, after the devices and the console.</summary>
    public static void Seal(Compilation c, IReadOnlyList<Slot> unsealed)
    {
        foreach (Slot mount in unsealed)
        {
            c.Builder.Tell("mount", "make a tmpfs read-only", "the option ro: everything on it is there now");
            c.SetAttributes(mount, MountAttributes.MOUNT_ATTR_RDONLY, 0, 0, recursive: false);
            c.Builder.Close(mount);
        }
    }

    /// <summary>Everything but the attaching: a detached mount that is complete.</summary>
    /// <param name="c">Where the steps go.</param>
    /// <param name="mount">Its configuration.</param>
    /// <param name="target">Where it will be.</param>
    /// <param name="options">Its options.</param>
    /// <param name="writable">A new file system is left writable for now.</param>
    /// <returns>null: it is a link, which was made.</returns>
    public static PreparedMount? Prepare(Compilation c, MountConfig mount, string target, MountOptions options, bool writable = false)
        => options.Bind ? Bind(c, mount, target, options) : New(c, mount, target, options, writable);

    /// <summary>The same of a file system that the parent makes, because it is made of files and devices of the host.</summary>
    public static PreparedMount PrepareMade(Compilation c, MountConfig mount, string target, MountOptions options)
    {
        Tell(c, mount.Type ?? "", target, Why(mount.Type ?? ""));
        List<(string Key, string? Value)> data = FileSystemOptions.ForKernel(mount.Type ?? "", target, options.Data);
        MountLabels.AddOption(c, mount.Type ?? "", data);
        Slot tree = c.Inherit(c.Sources.Make(mount, target, data));
        c.SetAttributes(tree, options.Set, options.Clear, 0, recursive: false);
        Finish(c, tree, options);
        return new PreparedMount(tree, IsDirectory: true);
    }

    /// <summary>The place for a mount: resolved now, after all that was attached before it.</summary>
    public static Slot OpenPlace(Compilation c, PreparedMount mount, string target, MountOptions options)
        => mount.Place ?? OpenTarget(c, target, options, mount.IsDirectory, mount.IsProc);

    /// <summary>The path of the target, checked as far as a path can be.</summary>
    public static string Target(MountConfig mount)
    {
        string target = Compilation.Clean(mount.Destination);
        if (target == "/")
        {
            throw new ContainerException(FailureKind.Invalid, "mounts: a mount on / would hide the root file system; set root.path instead");
        }

        return !target.StartsWith("/proc/", StringComparison.Ordinal) || ProcFiles.Contains(target)
            ? target
            : throw new ContainerException(FailureKind.Invalid, $"mounts: {target} is inside /proc, which may not be mounted over", "only a few files there may be: cpuinfo, meminfo, stat, uptime …");
    }

    /// <summary>The words that errors and --explain have for a mount.</summary>
    public static void Tell(Compilation c, string type, string target, string why)
        => c.Builder.Tell("mount", "mount {0} on {1}", why, type, target);

    /// <summary>Applies what holds for the mounts below too, and the propagation.</summary>
    public static void Finish(Compilation c, Slot mount, MountOptions options)
    {
        if (options.RecursiveSet != 0 || options.RecursiveClear != 0)
        {
            c.SetAttributes(mount, options.RecursiveSet, options.RecursiveClear, 0, recursive: true);
        }

        Propagate(c, mount, options);
    }

    private static void Propagate(Compilation c, Slot mount, MountOptions options)
    {
        foreach ((MountFlags kind, bool recursive) in options.Propagation)
        {
            c.SetAttributes(mount, 0, 0, kind, recursive);
        }
    }

    private static void Add(Compilation c, MountConfig mount, string target, MountOptions options, List<Slot> unsealed)
    {
        // Other mounts and devices are still to be made on it: podman's --read-only-tmpfs=false has a read-only /dev.
        bool isTmpfs = mount.Type == "tmpfs" && !options.Bind;
        bool sealedLast = isTmpfs && options.SetAlone.HasFlag(MountAttributes.MOUNT_ATTR_RDONLY);
        if (Prepare(c, mount, target, options, writable: sealedLast) is not { } prepared)
        {
            return;
        }

        if (isTmpfs && !options.CopyUp && !options.Data.Any(option => option.Key == "mode"))
        {
            TakeMode(c, prepared.Tree, target);
        }

        Slot place = OpenPlace(c, prepared, target, options);
        if (!sealedLast)
        {
            c.Attach(prepared.Tree, place);
            return;
        }

        c.Move(prepared.Tree, place);
        c.Builder.Close(place);
        unsealed.Add(prepared.Tree);
    }

    /// <summary>A tmpfs has the mode of the directory that it hides, as with runc and crun; where there is none, the kernel's own, 1777.</summary>
    private static void TakeMode(Compilation c, Slot made, string target)
    {
        ProgramBuilder b = c.Builder;
        Label none = b.NewLabel();
        Slot hidden = b.NewSlot();
        c.Find(target).Unless(Errno.ENOENT, Errno.ENOTDIR).Otherwise(none).Into(hidden);
        nint status = c.Memory.Reserve(StatxSize);
        b.Call(SyscallNumbers.SYS_statx, hidden, c.Empty, (int)AtFlags.AT_EMPTY_PATH, STATX_MODE, status);
        b.Close(hidden);

        // fsmount(2) has a descriptor that is no more than a path; the kernel passes over the type in the mode.
        long flags = Compilation.ToNative(OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC);
        Slot top = b.Take(SyscallNumbers.SYS_openat, made, b.Text("."), flags, 0);
        b.Call(SyscallNumbers.SYS_fchmod, top, b.Load(status + ModeOffset));
        b.Close(top);
        b.Mark(none);
    }

    private static PreparedMount? Bind(Compilation c, MountConfig mount, string target, MountOptions options)
    {
        string source = Path.GetFullPath(mount.Source ?? "", c.Bundle.Directory);
        if (mount.Source is null or "")
        {
            throw new ContainerException(FailureKind.Invalid, $"mounts: a bind mount on {target} needs a source");
        }

        AtFlags follow = options.CopySymlink || options.SourceNoFollow ? AtFlags.AT_SYMLINK_NOFOLLOW : AtFlags.None;
        FileStatus? status = FileStatuses.TryStatx(Descriptor.WorkingDirectory, source, follow);
        if (options.CopySymlink && status is { IsSymbolicLink: true })
        {
            CopyLink(c, source, target);
            return null;
        }

        status = follow == AtFlags.None || options.SourceNoFollow ? status : FileStatuses.TryStatx(Descriptor.WorkingDirectory, source, AtFlags.None);
        if (status is null)
        {
            throw new ContainerException(
                FailureKind.Invalid, $"mount {target}: no such file or directory (ENOENT): the source {source} does not exist on the host", "make it first, or mend mounts[].source");
        }

        Tell(c, source, target, "a directory or file of the host that the container is given");
        Slot tree = c.Sources.Opens(options)
            ? c.Inherit(c.Sources.Open(source, target, options))
            : c.Builder.Take(SyscallNumbers.SYS_open_tree, -100, c.Builder.Text(source), (uint)BindSources.TreeFlags(options));
        if (target == "/proc")
        {
            c.VerifyFileSystem(tree, FileSystemMagic.PROC_SUPER_MAGIC, Errno.EPERM);
        }

        if (options.Set != 0 || options.Clear != 0)
        {
            c.SetAttributes(tree, options.Set, options.Clear, 0, recursive: false);
        }

        Finish(c, tree, options);
        return new PreparedMount(tree, status.Value.IsDirectory);
    }

    private static PreparedMount New(Compilation c, MountConfig mount, string target, MountOptions options, bool writable)
    {
        string type = mount.Type is { Length: > 0 } given
            ? given
            : throw new ContainerException(FailureKind.Invalid, $"mounts: the mount on {target} has no type");
        Tell(c, type, target, Why(type));
        List<(string Key, string? Value)> data = FileSystemOptions.ForKernel(type, target, options.Data);
        MountLabels.AddOption(c, type, data);

        // What is to be filled must be written first, and fsmount(2) does not take nosymfollow.
        MountAttributes set = writable ? options.SetAlone & ~MountAttributes.MOUNT_ATTR_RDONLY : options.SetAlone;
        MountAttributes late = (set & MountAttributes.MOUNT_ATTR_NOSYMFOLLOW) | (options.CopyUp ? set & MountAttributes.MOUNT_ATTR_RDONLY : 0);
        Slot made = c.NewFileSystem(type, mount.Source, data, set & ~late);
        MountLabels.AddAttribute(c, type, made);
        Slot? place = null;
        if (options.CopyUp)
        {
            place = OpenTarget(c, target, options, directory: true, isProc: false);
            CopyUpSteps.Add(c, type, target, place.Value, made, options.Data);
        }

        if (late != 0)
        {
            c.SetAttributes(made, late, 0, 0, recursive: false);
        }

        Propagate(c, made, options);
        return new PreparedMount(made, IsDirectory: true, type == "proc", place);
    }

    private static void Remount(Compilation c, string target, MountOptions options)
    {
        Tell(c, "again", target, "a mount that is there gets other attributes");
        Slot place = c.Find(target).Into(c.Builder.NewSlot());
        if (options.Data.Count > 0)
        {
            c.Reconfigure(place, FileSystemOptions.ForKernel("", target, options.Data));
        }

        c.SetAttributes(place, options.Set, options.Clear, 0, recursive: false);
        Finish(c, place, options);
        c.Builder.Close(place);
    }

    /// <summary>The source is a link, and a link with the same text is to be there; that it is there already is no failure, that it is another one is.</summary>
    private static void CopyLink(Compilation c, string source, string target)
    {
        ProgramBuilder b = c.Builder;
        string text = Files.ReadLinkAt(Descriptor.WorkingDirectory, source);
        b.Tell("mount", "copy the link {0} to {1}", "the option copy-symlink: what it leads to is the container's own", source, target);
        Slot directory = c.OpenTarget(Path.GetDirectoryName(target)!, directory: true);
        Arg name = b.Text(Path.GetFileName(target));
        Label there = b.NewLabel();
        Label done = b.NewLabel();
        b.Call(SyscallNumbers.SYS_symlinkat, b.Text(text), directory, name).Unless(Errno.EEXIST).Otherwise(there);
        b.Jump(done);
        b.Mark(there);

        // One byte more is asked for, and must not come: a longer link would look the same.
        byte[] wanted = new byte[(Encoding.UTF8.GetByteCount(text) + sizeof(long)) & -sizeof(long)];
        int length = Encoding.UTF8.GetBytes(text, wanted);
        nint found = c.Memory.Reserve(wanted.Length);
        b.Call(SyscallNumbers.SYS_readlinkat, directory, name, found, length + 1);
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(wanted);
        for (int i = 0; i < words.Length; i++)
        {
            b.Verify(found + (i * sizeof(long)), -1, (nint)words[i], Errno.EEXIST);
        }

        b.Mark(done);
        b.Close(directory);
    }

    /// <summary>Opens the target; /proc and /sys must be real directories, and what lies in /proc is mounted over only where that fakes nothing.</summary>
    private static Slot OpenTarget(Compilation c, string target, MountOptions options, bool directory, bool isProc)
    {
        Slot place = c.OpenTarget(target, directory, noLinks: target is "/proc" or "/sys", follow: !options.TargetNoFollow);
        if (!isProc && target != "/proc" && !ProcFiles.Contains(target))
        {
            // A link of the image may lead there all the same, so the descriptor itself is asked (CVE-2023-27561).
            c.RefuseFileSystem(place, FileSystemMagic.PROC_SUPER_MAGIC, Errno.EPERM);
        }

        return place;
    }

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

/// <summary>A detached mount that is complete.</summary>
/// <param name="Tree">Its descriptor.</param>
/// <param name="IsDirectory">What it is mounted on, and what is made where nothing is.</param>
/// <param name="IsProc">It is a new proc.</param>
/// <param name="Place">Its target, where that had to be opened before.</param>
internal readonly record struct PreparedMount(Slot Tree, bool IsDirectory, bool IsProc = false, Slot? Place = null);
