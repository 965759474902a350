using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>The container's program, and what it is allowed. runtime-spec, config.md, "Process".</summary>
public sealed partial record ProcessConfig
{
    public bool Terminal { get; init; }

    /// <summary>Used with <see cref="Terminal"/> only.</summary>
    public ConsoleSizeConfig? ConsoleSize { get; init; }

    public UserConfig User { get; init; } = new();

    public ImmutableArray<string> Args { get; init => field = value.OrEmpty(); } = [];

    /// <summary><c>NAME=value</c>.</summary>
    public ImmutableArray<string> Env { get; init => field = value.OrEmpty(); } = [];

    public required string Cwd { get; init; }

    public CapabilitiesConfig? Capabilities { get; init; }

    public ImmutableArray<RlimitConfig> Rlimits { get; init => field = value.OrEmpty(); } = [];

    public bool NoNewPrivileges { get; init; }

    public string? ApparmorProfile { get; init; }

    public string? SelinuxLabel { get; init; }

    public int? OomScoreAdj { get; init; }

    public SchedulerConfig? Scheduler { get; init; }

    public IoPriorityConfig? IoPriority { get; init; }

    public ExecCpuAffinityConfig? ExecCpuAffinity { get; init; }
}

/// <summary>A terminal's first window size, in characters.</summary>
public sealed record ConsoleSizeConfig
{
    public uint Height { get; init; }

    public uint Width { get; init; }
}

/// <summary>Who the program runs as, in the container's user namespace.</summary>
public sealed record UserConfig
{
    public uint Uid { get; init; }

    public uint Gid { get; init; }

    public uint? Umask { get; init; }

    public ImmutableArray<uint> AdditionalGids { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>The five sets of capabilities(7), as names like <c>CAP_KILL</c>.</summary>
public sealed record CapabilitiesConfig
{
    public ImmutableArray<string> Bounding { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Effective { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Inheritable { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Permitted { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Ambient { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>One limit of getrlimit(2).</summary>
public sealed record RlimitConfig
{
    /// <summary><c>RLIMIT_NOFILE</c> and its like.</summary>
    public required string Type { get; init; }

    public ulong Hard { get; init; }

    public ulong Soft { get; init; }
}

/// <summary>sched_setattr(2).</summary>
public sealed record SchedulerConfig
{
    /// <summary><c>SCHED_OTHER</c> and its like.</summary>
    public required string Policy { get; init; }

    public int Nice { get; init; }

    public int Priority { get; init; }

    /// <summary><c>SCHED_FLAG_RESET_ON_FORK</c> and its like.</summary>
    public ImmutableArray<string> Flags { get; init => field = value.OrEmpty(); } = [];

    /// <summary>Nanoseconds, for SCHED_DEADLINE, as are the two below.</summary>
    public ulong Runtime { get; init; }

    public ulong Deadline { get; init; }

    public ulong Period { get; init; }
}

/// <summary>ioprio_set(2).</summary>
public sealed record IoPriorityConfig
{
    /// <summary><c>IOPRIO_CLASS_RT</c>, <c>_BE</c> or <c>_IDLE</c>.</summary>
    public required string Class { get; init; }

    public int Priority { get; init; }
}

/// <summary>The CPUs of an exec'd process, as lists like <c>0-3,7</c>.</summary>
public sealed record ExecCpuAffinityConfig
{
    /// <summary>While it is moved into the container's cgroup.</summary>
    public string? Initial { get; init; }

    /// <summary>From then on.</summary>
    public string? Final { get; init; }
}
