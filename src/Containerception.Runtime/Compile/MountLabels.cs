using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>linux.mountLabel: the SELinux context of the file systems that are made for the container. A bind mount's files have theirs.</summary>
internal static class MountLabels
{
    /// <exception cref="ContainerException">There is a label, and nobody who would look at it; or a kind of context that there is not.</exception>
    public static void Check(Compilation c)
    {
        if (string.IsNullOrEmpty(c.Linux.MountLabel))
        {
            return;
        }

        if (!SecurityModules.HasSelinux())
        {
            throw new ContainerException(
                FailureKind.Unsupported, $"linux.mountLabel: SELinux is not enabled on this machine, so \"{c.Linux.MountLabel}\" would protect nothing", "leave mountLabel out, or boot with SELinux");
        }

        _ = ContextType(c);
    }

    /// <summary>The option of a file system whose mount carries the label.</summary>
    public static void AddOption(Compilation c, string type, List<(string Key, string? Value)> data)
    {
        if (c.Linux.MountLabel is { Length: > 0 } label && type is not ("proc" or "sysfs" or "mqueue") && !data.Exists(one => one.Key.EndsWith("context", StringComparison.Ordinal)))
        {
            data.Add((ContextType(c), label));
        }
    }

    /// <summary>A file system of message queues takes no such option: its root directory is labelled.</summary>
    public static void AddAttribute(Compilation c, string type, Slot mount)
    {
        if (c.Linux.MountLabel is not { Length: > 0 } label || type != "mqueue")
        {
            return;
        }

        ProgramBuilder b = c.Builder;
        Slot root = b.Take(SyscallNumbers.SYS_openat, mount, b.Text("."), Compilation.ToNative(OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC), 0);
        b.Call(SyscallNumbers.SYS_fsetxattr, root, b.Text("security.selinux"), b.Text(label), System.Text.Encoding.UTF8.GetByteCount(label), 0);
        b.Close(root);
    }

    private static string ContextType(Compilation c) => c.Config.Annotations.GetValueOrDefault(RuntimeAnnotations.MountContextType) switch
    {
        null or "" => "context",
        "context" or "fscontext" or "defcontext" or "rootcontext" => c.Config.Annotations[RuntimeAnnotations.MountContextType],
        string other => throw new ContainerException(
            FailureKind.Invalid, $"annotations.{RuntimeAnnotations.MountContextType}: \"{other}\" is no kind of context", "context, fscontext, defcontext and rootcontext are: mount(8)"),
    };
}
