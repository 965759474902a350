using Containerception.Oci;

namespace Containerception.Images;

/// <summary>How far a blob is on its way out.</summary>
/// <param name="Digest">The blob.</param>
/// <param name="Sent">Bytes of it that are there.</param>
/// <param name="Size">Bytes of it in all.</param>
/// <param name="State">What is being done with it.</param>
/// <param name="From">The repository that it was mounted from.</param>
public readonly record struct PushProgress(Digest Digest, long Sent, long Size, PushState State, string? From = null);

/// <summary>What is being done with a blob.</summary>
public enum PushState
{
    /// <summary>Its turn has not come.</summary>
    Waiting,

    /// <summary>The registry had it.</summary>
    Exists,

    /// <summary>The registry had it in another repository.</summary>
    Mounted,

    /// <summary>It is being sent.</summary>
    Sending,

    /// <summary>It is there.</summary>
    Done,
}

/// <summary>What a push has brought out.</summary>
/// <param name="Digest">Of the manifest or index that the tag leads to now.</param>
/// <param name="Size">Its bytes.</param>
public sealed record PushedImage(Digest Digest, long Size);
