using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>Programs that run at points of the container's life. runtime-spec, config.md, "POSIX-platform Hooks".</summary>
public sealed record HooksConfig
{
    /// <summary>Deprecated: as <see cref="CreateRuntime"/>, and before it.</summary>
    public ImmutableArray<HookConfig> Prestart { get; init => field = value.OrEmpty(); } = [];

    /// <summary>In the runtime's namespaces, when the container's exist and before pivot_root.</summary>
    public ImmutableArray<HookConfig> CreateRuntime { get; init => field = value.OrEmpty(); } = [];

    /// <summary>In the container's namespaces, before pivot_root.</summary>
    public ImmutableArray<HookConfig> CreateContainer { get; init => field = value.OrEmpty(); } = [];

    /// <summary>In the container, after <c>start</c> and before the program.</summary>
    public ImmutableArray<HookConfig> StartContainer { get; init => field = value.OrEmpty(); } = [];

    /// <summary>In the runtime's namespaces, after the program has started.</summary>
    public ImmutableArray<HookConfig> Poststart { get; init => field = value.OrEmpty(); } = [];

    /// <summary>In the runtime's namespaces, after <c>delete</c>.</summary>
    public ImmutableArray<HookConfig> Poststop { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>One program that is given the container's state on its standard input.</summary>
public sealed record HookConfig
{
    public required string Path { get; init; }

    /// <summary>With argv[0], as execve(2) has it.</summary>
    public ImmutableArray<string> Args { get; init => field = value.OrEmpty(); } = [];

    public ImmutableArray<string> Env { get; init => field = value.OrEmpty(); } = [];

    /// <summary>Seconds; null waits for ever.</summary>
    public int? Timeout { get; init; }
}
