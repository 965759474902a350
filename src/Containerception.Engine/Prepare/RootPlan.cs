using System.Collections.Immutable;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The root file system of one container: what has to be done for it, and what the configuration must know of it.</summary>
internal sealed record RootPlan
{
    /// <summary>The root's path, absolute, as it will be seen in the container's private mount namespace.</summary>
    public required string Path { get; init; }

    /// <summary>Played in a mount namespace of its own, in this order. Empty for a root that is there already.</summary>
    public ImmutableArray<PreparationStep> Steps { get; init; } = [];

    /// <summary>The users whose names may be used.</summary>
    public required UserDatabase Users { get; init; }

    /// <summary>Mounts that the runtime makes, unless another was asked for at the same place.</summary>
    public ImmutableArray<MountConfig> Mounts { get; init; } = [];

    /// <summary>A directory that the default PATH also leads to.</summary>
    public string? PathAlso { get; init; }

    /// <summary>The bundle's own document.</summary>
    public RuntimeConfig? Base { get; init; }

    /// <summary>What runs when no command was given; empty for an error then.</summary>
    public ImmutableArray<string> DefaultCommand { get; init; } = [];

    /// <summary>What the image says of its containers; null for a root that is no image's.</summary>
    public ImageProcess? Image { get; init; }

    /// <summary>The root itself, before it is attached; null where it is made later, or is there already.</summary>
    public SafeFileHandle? Tree { get; init; }

    /// <summary>The host name when none was asked for; null for <c>cdock</c>.</summary>
    public string? Hostname { get; init; }
}

/// <summary>One thing that cdock does itself before the runtime starts.</summary>
/// <param name="Words">What: <c>put a throw-away layer over /usr</c>.</param>
/// <param name="Why">Why a container needs it.</param>
/// <param name="Play">Does it, and returns the system call as strace would write it.</param>
internal sealed record PreparationStep(string Words, string Why, Func<string> Play);
