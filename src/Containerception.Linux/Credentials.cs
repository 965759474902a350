using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Real, effective and saved ids of a process.</summary>
public readonly record struct CredentialIds(uint Real, uint Effective, uint Saved);

/// <summary>credentials(7): uids, gids and groups. libc's calls change the whole process, the kernel's the thread alone.</summary>
public static partial class Credentials
{
    // NGROUPS_MAX of limits.h.
    private const int GroupsMax = 65536;

    /// <summary>The effective uid.</summary>
    public static uint EffectiveUid => geteuid();

    /// <summary>The effective gid.</summary>
    public static uint EffectiveGid => getegid();

    public static CredentialIds GetUids()
    {
        Check.Result(getresuid(out uint real, out uint effective, out uint saved), $"getresuid()");
        return new CredentialIds(real, effective, saved);
    }

    public static CredentialIds GetGids()
    {
        Check.Result(getresgid(out uint real, out uint effective, out uint saved), $"getresgid()");
        return new CredentialIds(real, effective, saved);
    }

    /// <summary>Sets all three uids. Leaving 0 takes effective and permitted capabilities away, see <see cref="Prctl.KeepsCapabilities"/>.</summary>
    public static void SetUids(uint uid) => Check.Result(setresuid(uid, uid, uid), $"setresuid({uid}, {uid}, {uid})");

    /// <summary>Sets all three gids. Before the uids: later it is not allowed any more.</summary>
    public static void SetGids(uint gid) => Check.Result(setresgid(gid, gid, gid), $"setresgid({gid}, {gid}, {gid})");

    /// <summary>The supplementary groups.</summary>
    public static uint[] GetGroups()
    {
        int count = Check.Result(getgroups(0, default), $"getgroups(0)");
        uint[] groups = new uint[count];
        Check.Result(getgroups(count, groups), $"getgroups({count})");
        return groups;
    }

    /// <summary>Sets the supplementary groups, at most 65536.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPERM"/>: also in a user namespace whose setgroups file says deny.</exception>
    public static void SetGroups(ReadOnlySpan<uint> groups)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(groups.Length, GroupsMax);
        Check.Result(setgroups((nuint)groups.Length, groups), $"setgroups({groups.Length}, [{string.Join(", ", groups.ToArray()):list}])");
    }

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial uint getegid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getresuid(out uint real, out uint effective, out uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getresgid(out uint real, out uint effective, out uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getgroups(int count, Span<uint> groups);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setgroups(nuint count, ReadOnlySpan<uint> groups);
}
