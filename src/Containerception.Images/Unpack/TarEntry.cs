using Containerception.Linux;

namespace Containerception.Images;

/// <summary>A part of a sparse file that has content; the rest is zeros.</summary>
/// <param name="Offset">Where it lies in the file.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct SparsePart(long Offset, long Length);

/// <summary>One member of an archive, with what its extended headers say in place of its own.</summary>
internal sealed record TarEntry
{
    public required string Name { get; init; }

    /// <summary>The text of a symbolic link, or the name that a hard link is another of.</summary>
    public required string LinkName { get; init; }

    public required TarEntryKind Kind { get; init; }

    public required UnixFileMode Mode { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    /// <summary>Bytes that the archive holds.</summary>
    public required long StoredSize { get; init; }

    /// <summary>The file's length: more than is stored when it is sparse.</summary>
    public required long Size { get; init; }

    public required DeviceNumber Device { get; init; }

    public required DateTimeOffset Modified { get; init; }

    /// <summary>Extended attributes, as bytes: a text would lose those of capabilities.</summary>
    public required IReadOnlyList<(string Name, byte[] Value)> Attributes { get; init; }

    /// <summary>The parts of a sparse file; null: all of it is stored.</summary>
    public IReadOnlyList<SparsePart>? Parts { get; init; }
}

/// <summary>What an entry makes.</summary>
internal enum TarEntryKind
{
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}
