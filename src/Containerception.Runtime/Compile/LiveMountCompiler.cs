using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What the compiler of a change to a running container's mounts needs.</summary>
internal sealed record LiveMountSettings
{
    /// <summary>The container's init, whose namespaces are joined.</summary>
    public required SafeFileHandle InitPidfd { get; init; }

    public required CloneFlags Namespaces { get; init; }

    /// <summary>The container's root, where it was moved to and not pivoted to.</summary>
    public required SafeFileHandle? Root { get; init; }

    /// <summary>The host's /proc.</summary>
    public required SafeFileHandle Proc { get; init; }

    /// <summary>One for each mount: the child gives them other meanings, and knows their numbers as texts.</summary>
    public required IReadOnlyList<SafeFileHandle> Numbers { get; init; }
}

/// <summary>
/// The child of <c>mounts add</c> and <c>mounts remove</c>: it joins the namespaces that matter, and works on a tree that the container may be
/// changing under its hands. It begins to attach when all mounts are made, to detach when all are found.
/// </summary>
internal static class LiveMountCompiler
{
    /// <summary>What is made in the container's own namespaces. All else names files and devices of the host, and is made there.</summary>
    private static readonly ImmutableArray<string> MadeInside = ["tmpfs", "sysfs", "mqueue", "devpts", "ramfs", "cgroup2"];

    // statx(2): the attributes, and the one that says that a file is the top of a mount.
    private const int AttributesOffset = 8;
    private const int STATX_ATTR_MOUNT_ROOT = 0x2000;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int StatusSize = 256;

    public static void Add(Compilation c, LiveMountSettings settings, ImmutableArray<MountConfig> mounts)
    {
        ProgramBuilder b = c.Builder;
        MountLabels.Check(c);
        Enter(c, settings);
        List<(string Target, MountOptions Options, PreparedMount Mount)> ready = [];
        for (int i = 0; i < mounts.Length; i++)
        {
            string target = MountSteps.Target(mounts[i]);
            MountOptions options = MountOptions.Parse(mounts[i]);
            PreparedMount mount = Prepare(c, mounts[i], target, options);
            ready.Add((target, options, mount));
            Number(c, mount.Tree, settings.Numbers[i]);
        }

        foreach ((string target, MountOptions options, PreparedMount mount) in ready)
        {
            b.Tell("attach", "attach the mount on {0}", "all mounts are made", target);
            c.Move(mount.Tree, MountSteps.OpenPlace(c, mount, target, options));
        }

        b.Call(SyscallNumbers.SYS_exit_group, 0);
        b.MarkCleanup();
        b.Tell("detach", "detach what was attached already", "all of the mounts, or none");
        Detach(c, settings, tolerant: true);
        b.Call(SyscallNumbers.SYS_exit_group, 1);
    }

    public static void Remove(Compilation c, LiveMountSettings settings, ImmutableArray<MountConfig> mounts)
    {
        ProgramBuilder b = c.Builder;
        Enter(c, settings);
        for (int i = 0; i < mounts.Length; i++)
        {
            string target = MountSteps.Target(mounts[i]);
            b.Tell("find", "find the mount on {0}", "it must be one of the container's own namespace", target, failure: "no mount on {0}");
            Slot place = c.Find(target).Into(b.NewSlot());
            nint status = c.Memory.Reserve(StatusSize);
            b.Call(SyscallNumbers.SYS_statx, place, c.Empty, AT_EMPTY_PATH, 0, status);
            b.Verify(status + AttributesOffset, STATX_ATTR_MOUNT_ROOT, STATX_ATTR_MOUNT_ROOT, Errno.EINVAL);
            Number(c, place, settings.Numbers[i]);
        }

        b.Tell("detach", "detach the mounts", "what uses them goes on using them: umount2(2), MNT_DETACH");
        Detach(c, settings, tolerant: false);
        b.Call(SyscallNumbers.SYS_exit_group, 0);
    }

    private static void Enter(Compilation c, LiveMountSettings settings)
    {
        // Not the pid namespace: who is in none of the container's cannot be seen from inside, nor looked into (CVE-2016-9962).
        NamespaceSteps.Hide(c);
        NamespaceSteps.JoinProcess(c, settings.InitPidfd, settings.Namespaces & ~(CloneFlags.CLONE_NEWPID | CloneFlags.CLONE_NEWTIME));
        c.Builder.Tell("root", "open the container's root", "every path starts there");
        c.Root = settings.Root is { } moved
            ? c.Inherit(moved)
            : c.Builder.Take(SyscallNumbers.SYS_openat, -100, c.Builder.Text("/"), Compilation.ToNative(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC), 0);
        c.Builder.Call(SyscallNumbers.SYS_umask, 0);
    }

    private static PreparedMount Prepare(Compilation c, MountConfig mount, string target, MountOptions options)
    {
        string? refusal = options switch
        {
            { Remount: true } => "\"remount\" changes a mount that is there: take it away and add another",
            { CopySymlink: true } => "\"copy-symlink\" makes a link, not a mount",
            { CopyUp: true } => "\"tmpcopyup\" is for the mounts that a container is made with: here the copy would not count as the container's memory",
            { Bind: false } when mount.Type == "proc" => "a new proc would show the runtime's processes: it is for the mounts that a container is made with",
            { Bind: false } when mount.Type == "cgroup" => "the control groups are for the mounts that a container is made with; type cgroup2 is possible",
            _ => null,
        };
        if (refusal is not null)
        {
            throw new ContainerException(FailureKind.Unsupported, $"mount {target}: {refusal}");
        }

        return options.Bind || MadeInside.Contains(mount.Type ?? "")
            ? MountSteps.Prepare(c, mount, target, options)!.Value
            : MountSteps.PrepareMade(c, mount, target, options);
    }

    private static void Number(Compilation c, Slot descriptor, SafeFileHandle number)
        => c.Builder.Call(SyscallNumbers.SYS_dup3, descriptor, number.DangerousGetHandle(), Compilation.ToNative(OpenFlags.O_CLOEXEC));

    /// <summary>By descriptor, the last one first: umount2(2) takes a path alone, and the only one that nobody can swap is that of our own descriptor.</summary>
    private static void Detach(Compilation c, LiveMountSettings settings, bool tolerant)
    {
        c.Builder.Call(SyscallNumbers.SYS_fchdir, c.Inherit(settings.Proc));
        foreach (SafeFileHandle number in settings.Numbers.Reverse())
        {
            Arg path = c.Builder.Text(string.Create(CultureInfo.InvariantCulture, $"self/fd/{number.DangerousGetHandle()}"));
            StepHandle call = c.Builder.Call(SyscallNumbers.SYS_umount2, path, (int)UmountFlags.MNT_DETACH);
            if (tolerant)
            {
                call.Unless(Errno.EINVAL, Errno.ENOENT);
            }
        }
    }
}
