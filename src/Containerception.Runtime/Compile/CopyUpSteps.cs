using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The option tmpcopyup: what a tmpfs hides is copied into it first.</summary>
internal static class CopyUpSteps
{
    public static void Add(Compilation c, string type, string target, Slot place, Slot made, IReadOnlyList<(string Key, string? Value)> given)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("copy-up", "copy what is in {1} into the {0} on it", "the option tmpcopyup: it begins as what it hides", type, target);
        Arg here = b.Text(".");
        long flags = Compilation.ToNative(OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC);
        Slot from = b.Take(SyscallNumbers.SYS_openat, place, here, flags, 0);
        Slot to = b.Take(SyscallNumbers.SYS_openat, made, here, flags, 0);

        // Below the directory: no link, no other mount, and no device that would wait for somebody.
        nint how = c.OpenHow(
            OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK | OpenFlags.O_NOFOLLOW,
            ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_XDEV | ResolveFlags.RESOLVE_NO_SYMLINKS | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        b.Add(InitStepKind.CopyUp, 0, from.Number, to.Number, how, c.Memory.Reserve(InitCopyUp.BuffersSize), Kept(given));
        b.Close(from);
        b.Close(to);
    }

    /// <summary>What the options say of the top directory holds against what is copied.</summary>
    private static int Kept(IReadOnlyList<(string Key, string? Value)> given)
    {
        int kept = 0;
        foreach ((string key, _) in given)
        {
            kept |= key switch
            {
                "mode" => InitCopyUp.KeepMode,
                "uid" => InitCopyUp.KeepUid,
                "gid" => InitCopyUp.KeepGid,
                _ => 0,
            };
        }

        return kept;
    }
}
