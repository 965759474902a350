namespace Containerception.Engine;

/// <summary>How <c>cp</c> copies.</summary>
/// <param name="KeepsOwners">Files keep the numbers of their owners; else they are the caller's, or the container's root's.</param>
/// <param name="FollowsLink">Of a source that is a symbolic link, what it leads to is copied.</param>
public sealed record CopyRequest(bool KeepsOwners, bool FollowsLink);
