using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// What the chapters of the compiler share: the configuration, the builder, the descriptors that the child inherits, and the slots that
/// more than one chapter uses.
/// </summary>
internal sealed class Compilation : IDisposable
{
    /// <summary>struct open_how of openat2(2): flags, mode, resolve.</summary>
    public const int OpenHowSize = 24;

    // struct statfs of asm-generic/statfs.h begins with the type.
    private const int StatfsSize = 120;

    private readonly List<SafeFileHandle> _inherited = [];
    private SafeFileHandle? _proc;

    public Compilation(Bundle bundle, nint estimate, SafeFileHandle sync)
    {
        Bundle = bundle;
        Memory = new ProgramMemory(estimate);
        Builder = new ProgramBuilder(Memory);
        Sync = Inherit(sync);
        InRoot = OpenHow(OpenFlags.O_PATH, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        InRootDirectory = OpenHow(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        InRootNoFollow = OpenHow(OpenFlags.O_PATH | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        InRootNoLinks = OpenHow(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_SYMLINKS);
        Empty = Memory.Text("");
    }

    public Bundle Bundle { get; }

    public ProgramMemory Memory { get; }

    public ProgramBuilder Builder { get; }

    /// <summary>The child's end of the conversation with the parent.</summary>
    public Slot Sync { get; }

    /// <summary>The container's root directory, once it is mounted.</summary>
    public Slot Root { get; set; }

    /// <summary>
    /// The caller's /proc, opened before any mount namespace is joined: in another one that path may lead to what somebody made up, or to a
    /// file of the kernel that does something else (CVE-2019-16884, CVE-2025-52881).
    /// </summary>
    public Slot Proc
    {
        get
        {
            _proc ??= OpenProc();
            return Inherit(_proc);
        }
    }

    /// <summary>The descriptor of a filter that notifies, as the child has it.</summary>
    public Slot? Listener { get; set; }

    /// <summary>open_how of a path below the root; links stay inside.</summary>
    public nint InRoot { get; }

    /// <summary>The same, of a directory.</summary>
    public nint InRootDirectory { get; }

    /// <summary>The same, of a link itself.</summary>
    public nint InRootNoFollow { get; }

    /// <summary>The same, where no link may be at all: /proc and /sys of the image (CVE-2019-16884, CVE-2023-27561).</summary>
    public nint InRootNoLinks { get; }

    /// <summary>The empty path of AT_EMPTY_PATH.</summary>
    public nint Empty { get; }

    /// <summary>What the parent opens for the child.</summary>
    public BindSources Sources { get => field ?? throw new InvalidOperationException("nothing is mounted here"); init; }

    /// <summary>Is told what is left out of the configuration.</summary>
    public Action<string>? Warn { get; init; }

    public bool MakesCgroupNamespace { get; init; }

    /// <summary>crun's annotation: the caller's supplementary groups stay, though they have no names in a user namespace.</summary>
    public bool KeepsGroups => Config.Annotations.ContainsKey(RuntimeAnnotations.KeepOriginalGroups);

    /// <summary>What a mount of type cgroup shows; null where no control groups are mounted.</summary>
    public CgroupMounts? CgroupMounts { get; init; }

    public RuntimeConfig Config => Bundle.Config;

    public LinuxConfig Linux => Bundle.Linux;

    /// <summary>A descriptor of the parent as the child will find it: under the same number. It stays open until the clone.</summary>
    public Slot Inherit(SafeFileHandle handle)
    {
        _inherited.Add(handle);
        return Builder.NewSlot(handle.DangerousGetHandle());
    }

    public nint OpenHow(OpenFlags flags, ResolveFlags resolve)
        => Memory.Words(ToNative(flags | OpenFlags.O_CLOEXEC), 0, (nint)(ulong)resolve);

    public static nint ToNative(OpenFlags flags) => flags.ToKernel();

    /// <summary>A descriptor of the target below the root, which is made where it is missing.</summary>
    /// <param name="path">As the container means it.</param>
    /// <param name="directory">What it must be, and is made as.</param>
    /// <param name="noLinks">No part of it may be a link.</param>
    /// <param name="follow">A link that is the last part of it leads on; else the link itself is the target.</param>
    public Slot OpenTarget(string path, bool directory, bool noLinks = false, bool follow = true)
    {
        nint last = noLinks ? InRootNoLinks : !follow ? InRootNoFollow : directory ? InRootDirectory : InRoot;
        return Builder.Add(InitStepKind.Target, 0, Root.Number, Builder.Text(path), directory ? 1 : 0, last, noLinks ? InRootNoLinks : InRootNoFollow)
            .Into(Builder.NewSlot());
    }

    /// <summary>Opens what is there below the root; nothing is made.</summary>
    /// <param name="path">As the container means it.</param>
    /// <param name="directory">Only a directory counts: else ENOTDIR.</param>
    public StepHandle Find(string path, bool directory = false)
        => Builder.Add(InitStepKind.Find, 0, Root.Number, Builder.Text(path), directory ? InRootDirectory : InRoot);

    /// <summary>Fails unless the file is on a file system of the type.</summary>
    public void VerifyFileSystem(Slot file, FileSystemMagic type, Errno errno) => Builder.Verify(FileSystemOf(file), -1, (nint)(long)type, errno);

    /// <summary>Fails if the file is on a file system of the type.</summary>
    public void RefuseFileSystem(Slot file, FileSystemMagic type, Errno errno) => Builder.Refuse(FileSystemOf(file), -1, (nint)(long)type, errno);

    /// <summary>Attaches a detached mount on a target, and closes both.</summary>
    public void Attach(Slot mount, Slot target)
    {
        Move(mount, target);
        Builder.Close(target);
        Builder.Close(mount);
    }

    public StepHandle Move(Slot mount, Slot target) => Builder.Call(
        SyscallNumbers.SYS_move_mount, mount, Empty, target, Empty, (uint)(MoveMountFlags.MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags.MOVE_MOUNT_T_EMPTY_PATH));

    /// <summary>A detached copy of the mount that a descriptor of our own mount namespace stands for.</summary>
    public StepHandle CloneTree(Slot from, bool recursive = false) => Builder.Call(
        SyscallNumbers.SYS_open_tree,
        from,
        Empty,
        (uint)(OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC | OpenTreeFlags.AT_EMPTY_PATH | (recursive ? OpenTreeFlags.AT_RECURSIVE : 0)));

    public StepHandle SetAttributes(Slot mount, MountAttributes set, MountAttributes clear, MountFlags propagation, bool recursive)
    {
        nint attributes = Memory.Words((nint)(ulong)set, (nint)(ulong)clear, (nint)(ulong)propagation, 0);
        uint flags = (uint)(OpenTreeFlags.AT_EMPTY_PATH | (recursive ? OpenTreeFlags.AT_RECURSIVE : 0));
        return Builder.Call(SyscallNumbers.SYS_mount_setattr, mount, Empty, flags, attributes, 32);
    }

    /// <summary>Gives options to the file system of a mount that is there. It may have other mounts.</summary>
    public void Reconfigure(Slot mount, IEnumerable<(string Key, string? Value)> options)
    {
        Slot context = Builder.Take(SyscallNumbers.SYS_fspick, mount, Empty, 9);
        Configure(context, options);
        Configure(context, FsConfigCommand.FSCONFIG_CMD_RECONFIGURE, 0, 0);
        Builder.Close(context);
    }

    /// <summary>A new file system, configured and mounted, attached to nothing yet.</summary>
    public Slot NewFileSystem(string type, string? source, IEnumerable<(string Key, string? Value)> options, MountAttributes attributes)
    {
        Slot context = Builder.Take(SyscallNumbers.SYS_fsopen, Builder.Text(type), 1);
        if (source is not null)
        {
            Configure(context, FsConfigCommand.FSCONFIG_SET_STRING, Builder.Text("source"), Builder.Text(source));
        }

        Configure(context, options);
        Configure(context, FsConfigCommand.FSCONFIG_CMD_CREATE, 0, 0);
        Slot mount = Builder.Take(SyscallNumbers.SYS_fsmount, context, 1, (ulong)(attributes & ~MountAttributes.MOUNT_ATTR_NOSYMFOLLOW));
        Builder.Close(context);
        return mount;
    }

    public void Dispose()
    {
        GC.KeepAlive(_inherited);
        _proc?.Dispose();
        Memory.Dispose();
    }

    /// <summary>A path as the kernel will walk it: no "." and "..", no double slash. A relative one starts at the root.</summary>
    public static string Clean(string path) => Path.GetFullPath(path, "/");

    private void Configure(Slot context, IEnumerable<(string Key, string? Value)> options)
    {
        foreach ((string key, string? value) in options)
        {
            FsConfigCommand command = value is null ? FsConfigCommand.FSCONFIG_SET_FLAG : FsConfigCommand.FSCONFIG_SET_STRING;
            Configure(context, command, Builder.Text(key), value is null ? 0 : Builder.Text(value));
        }
    }

    private nint FileSystemOf(Slot file)
    {
        nint status = Memory.Reserve(StatfsSize);
        Builder.Call(SyscallNumbers.SYS_fstatfs, file, status);
        return status;
    }

    private static SafeFileHandle OpenProc()
    {
        SafeFileHandle proc = Files.Open("/proc", OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC);
        return FileSystems.Fstatfs(proc).Type == FileSystemMagic.PROC_SUPER_MAGIC
            ? proc
            : throw new ContainerException(FailureKind.Unsupported, "no procfs is mounted on /proc", "mount -t proc proc /proc");
    }

    private void Configure(Slot context, FsConfigCommand command, Arg key, Arg value)
        => Builder.Call(SyscallNumbers.SYS_fsconfig, context, (uint)command, key, value, 0);
}

/// <summary>What a mount of type cgroup shows.</summary>
/// <param name="Unified">cgroup v2: one hierarchy.</param>
/// <param name="Own">Each hierarchy's name, and the directory of the container's own group in it, on the host.</param>
/// <param name="Links">Other names of a hierarchy: <c>cpu</c> for <c>cpu,cpuacct</c>.</param>
internal sealed record CgroupMounts(bool Unified, IReadOnlyList<CgroupMount> Own, IReadOnlyList<(string Link, string Name)> Links);

/// <summary>The group of one hierarchy.</summary>
/// <param name="Name">Its directory in the mount.</param>
/// <param name="Path">The group's, on the host.</param>
/// <param name="IsOwn">It was made for the container; else it is only to be read.</param>
internal sealed record CgroupMount(string Name, string Path, bool IsOwn);
