using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>Which system calls are allowed. runtime-spec, config-linux.md, "Seccomp". All names are libseccomp's.</summary>
public sealed record SeccompConfig
{
    /// <summary>What it was read of: a piece of the document. Empty for one that was not read, or that is another by now.</summary>
    public ReadOnlyMemory<byte> Json { get; init; }

    public required string DefaultAction { get; init; }

    public uint? DefaultErrnoRet { get; init; }

    public ImmutableArray<string> Architectures { get; init => field = value.OrEmpty(); } = [];

    /// <summary>null, when nothing was said, is SPEC_ALLOW, as in runc; empty is no flag at all.</summary>
    public ImmutableArray<string>? Flags { get; init; }

    /// <summary>A unix socket that is sent the descriptor of SCMP_ACT_NOTIFY.</summary>
    public string? ListenerPath { get; init; }

    public string? ListenerMetadata { get; init; }

    /// <summary>Read of <see cref="Json"/> when somebody asks: they are most of a document, and most commands do not.</summary>
    /// <exception cref="ConfigException">A field is of the wrong type, or missing.</exception>
    public ImmutableArray<SeccompSyscall> Syscalls
    {
        get => field.IsDefault ? field = SeccompReader.ReadSyscalls(Json) : field;
        init => field = value.OrEmpty();
    }
}

/// <summary>What happens to some system calls.</summary>
public sealed record SeccompSyscall
{
    public ImmutableArray<string> Names { get; init => field = value.OrEmpty(); } = [];

    public required string Action { get; init; }

    public uint? ErrnoRet { get; init; }

    /// <summary>All of them must hold, except that several on one index are alternatives.</summary>
    public ImmutableArray<SeccompArg> Args { get; init => field = value.OrEmpty(); } = [];
}

/// <summary>A comparison of one argument: <c>arg[Index] Op Value</c>.</summary>
public sealed record SeccompArg
{
    public uint Index { get; init; }

    public ulong Value { get; init; }

    /// <summary>What is compared after masking with <see cref="Value"/>, for SCMP_CMP_MASKED_EQ.</summary>
    public ulong ValueTwo { get; init; }

    public required string Op { get; init; }
}
