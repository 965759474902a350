using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>What makes the container's cgroups, and so how linux.cgroupsPath is read.</summary>
public enum CgroupManager
{
    /// <summary>The runtime, by directories.</summary>
    Cgroupfs,

    /// <summary>systemd, as a scope: <c>slice:prefix:name</c>, see <see cref="Oci.SystemdCgroupsPath"/>.</summary>
    Systemd,

    /// <summary>Nobody: the container stays in the caller's.</summary>
    Disabled,
}

/// <summary>What <c>create</c> and <c>run</c> are asked for. Paths may be relative to the working directory.</summary>
public sealed record CreateRequest
{
    public required string Id { get; init; }

    /// <summary>The directory of config.json.</summary>
    public required string Bundle { get; init; }

    /// <summary>The configuration's file, in the bundle or absolute.</summary>
    public string ConfigFile { get; init; } = "config.json";

    /// <summary>A unix socket that is sent the master of the container's terminal; needs process.terminal.</summary>
    public string? ConsoleSocket { get; init; }

    /// <summary>A unix socket that is sent a pidfd of the container's init.</summary>
    public string? PidfdSocket { get; init; }

    /// <summary>A file that gets init's pid in decimal, without a newline, by rename.</summary>
    public string? PidFile { get; init; }

    /// <summary>Use MS_MOVE and chroot where pivot_root(2) cannot work (an initramfs).</summary>
    public bool NoPivot { get; init; }

    /// <summary>Keep the caller's session keyring.</summary>
    public bool NoNewKeyring { get; init; }

    /// <summary>How many descriptors from 3 on the process inherits.</summary>
    public int PreserveFds { get; init; }

    /// <summary>The socket of a service manager that is told when the program says that it is ready: sd_notify(3), NOTIFY_SOCKET.</summary>
    public string? NotifySocket { get; init; }

    public CgroupManager CgroupManager { get; init; }

    /// <summary>Go on without limits where cgroups may not be written, and have the user's own systemd make scopes; null decides by the caller's privileges.</summary>
    public bool? Rootless { get; init; }

    /// <summary><c>run</c> only: return once the process runs.</summary>
    public bool Detach { get; init; }

    /// <summary><c>run</c> only: leave the stopped container to a later <c>delete</c>.</summary>
    public bool Keep { get; init; }

    /// <summary><c>run</c> only: do not become the subreaper of the container's orphans.</summary>
    public bool NoSubreaper { get; init; }

    /// <summary>The caller takes the terminal's master itself: it needs no terminal of its own.</summary>
    internal bool KeepsTerminal { get; init; }

    /// <summary>What the program gets as RLIMIT_NOFILE where config.json has none; null for the caller's own.</summary>
    internal ResourceLimit? OpenFilesLimit { get; init; }

    /// <summary>The size of the program's terminal; null for what config.json or the caller's own terminal says.</summary>
    internal WindowSize? TerminalSize { get; init; }
}

/// <summary>What <c>update</c> is asked for. What is null, or 0 where that can be no limit, stays as it is.</summary>
public sealed record UpdateRequest
{
    public required string Id { get; init; }

    public LinuxResources Resources { get; init; } = new();

    /// <summary>A linux.resources document in place of <see cref="Resources"/>. Its devices are not looked at.</summary>
    public byte[]? Document { get; init; }

    /// <summary>Intel RDT's share of the third-level cache.</summary>
    public string? L3CacheSchema { get; init; }

    /// <summary>Intel RDT's share of the memory's bandwidth.</summary>
    public string? MemBwSchema { get; init; }
}

/// <summary>What <c>exec</c> is asked for. What is null or empty here comes from the container's own process.</summary>
public sealed record ExecRequest
{
    public required string Id { get; init; }

    /// <summary>A file with a whole process document; the fields from <see cref="Args"/> to <see cref="NoNewPrivileges"/> are then not used.</summary>
    public string? ProcessFile { get; init; }

    public ImmutableArray<string> Args { get; init; } = [];

    public string? Cwd { get; init; }

    /// <summary><c>NAME=value</c>, added to the container's own.</summary>
    public ImmutableArray<string> Env { get; init; } = [];

    public bool Tty { get; init; }

    /// <summary><c>uid</c> or <c>uid:gid</c>, numbers.</summary>
    public string? User { get; init; }

    public ImmutableArray<uint> AdditionalGids { get; init; } = [];

    /// <summary>Capabilities added to the bounding, effective and permitted sets.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    public bool? NoNewPrivileges { get; init; }

    public string? ProcessLabel { get; init; }

    public string? AppArmor { get; init; }

    public bool Detach { get; init; }

    public string? PidFile { get; init; }

    public string? ConsoleSocket { get; init; }

    public string? PidfdSocket { get; init; }

    public int PreserveFds { get; init; }

    /// <summary>Join a paused container, and wait there.</summary>
    public bool IgnorePaused { get; init; }

    /// <summary><c>[controller,…:]path</c>, below the container's cgroup.</summary>
    public ImmutableArray<string> Cgroups { get; init; } = [];
}
