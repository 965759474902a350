namespace Containerception.Images;

/// <summary>
/// The directory with everything the engine keeps. Others than its owner neither read it nor pass: in it are the environments of containers, and
/// volumes with files that may have the set-user-id bit (CVE-2021-41091).
/// </summary>
public static class StateRoot
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passage = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes it where there is none, and closes one that others may read.</summary>
    public static void Make(string path)
    {
        // Of a path the library gives the mode to the last directory alone: so before anything is made below it.
        Directory.CreateDirectory(path, OwnerOnly);
        UnixFileMode mode = File.GetUnixFileMode(path);
        if ((mode & ~(OwnerOnly | Passage)) != 0)
        {
            File.SetUnixFileMode(path, mode & (OwnerOnly | Passage));
        }
    }

    /// <summary>
    /// Lets the users of a container that has a user namespace pass through directories, the state directory last, and see nothing on the way: the
    /// runtime is nobody in particular by the time it looks for the root and for volumes. What is not on their way stays closed.
    /// </summary>
    /// <param name="root">The state directory.</param>
    /// <param name="below">The directory in it that they must reach.</param>
    public static void LetThrough(string root, string below)
    {
        ArgumentNullException.ThrowIfNull(root);
        for (string path = below; ; path = Path.GetDirectoryName(path)!)
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | Passage);
            if (path.Length <= root.Length)
            {
                return;
            }
        }
    }
}
