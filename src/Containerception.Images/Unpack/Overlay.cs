using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>How overlayfs tells of what is gone, and how archives do. Documentation/filesystems/overlayfs.rst; image-spec, layer.md.</summary>
public static class Overlay
{
    /// <summary>Before a name in an archive: that name is gone.</summary>
    public const string WhiteoutPrefix = ".wh.";

    /// <summary>Names that mean something else than files.</summary>
    public const string WhiteoutMetaPrefix = ".wh..wh.";

    /// <summary>In an archive's directory: nothing of lower layers shows.</summary>
    public const string OpaqueName = ".wh..wh..opq";

    /// <summary>Only the machine's root may set "trusted." attributes; root of a user namespace mounts with the option <c>userxattr</c>, since Linux 5.11.</summary>
    public static bool HasUserAttributes { get; } = !Namespaces.IsInitialUser;

    private static string OpaqueAttribute => HasUserAttributes ? "user.overlay.opaque" : "trusted.overlay.opaque";

    /// <summary>A character device 0:0.</summary>
    public static bool IsWhiteout(in FileStatus status) => status.Type == FileType.S_IFCHR && status.RepresentedDevice == default;

    public static void MakeWhiteout(SafeFileHandle parent, string name) => Files.MknodAt(parent, name, FileType.S_IFCHR, UnixFileMode.None);

    public static void SetOpaque(SafeFileHandle directory) => ExtendedAttributes.Set(directory, OpaqueAttribute, "y"u8);

    public static bool IsOpaque(SafeFileHandle directory) => ExtendedAttributes.TryGet(directory, OpaqueAttribute) is [(byte)'y'];

    /// <summary>
    /// What a layer may say of its files. "trusted.overlay." and "user.overlay." would have overlayfs look elsewhere; security labels are the
    /// host's affair.
    /// </summary>
    public static bool IsKept(string attribute)
        => attribute is "security.capability" or "system.posix_acl_access" or "system.posix_acl_default"
            || (attribute.StartsWith("user.", StringComparison.Ordinal) && !attribute.StartsWith("user.overlay.", StringComparison.Ordinal));
}
