using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The users and groups of a container with a user namespace of its own: where they lie on the host.</summary>
/// <param name="Users">The users, with 0 in the first.</param>
/// <param name="Groups">The groups.</param>
internal sealed record UserRange(ImmutableArray<IdMapping> Users, ImmutableArray<IdMapping> Groups)
{
    // Above what distributions give to people and to subuid(5), below 2^31, where ids turn negative in careless programs.
    private const uint First = 0x2000_0000;
    private const uint Size = 0x1_0000;
    private const uint Slots = 0x5000;

    /// <summary>
    /// The caller is root of a user namespace: it owns no disk, so it cannot shift the owners of files on one, and its containers have
    /// the ids that it has itself.
    /// </summary>
    public static bool IsKept { get; } = !Namespaces.IsInitialUser;

    /// <summary>Who is root in the container, outside; and how far the owners of its files are shifted.</summary>
    public uint Root => Users[0].HostId;

    /// <summary>The range of one container. Two containers share one with a chance of 1 in 20,480, and then only ids, never files.</summary>
    public static UserRange Of(string id)
    {
        if (IsKept)
        {
            return new(Kept(OwnIds.Users), Kept(OwnIds.Groups));
        }

        ImmutableArray<IdMapping> shifted = [new() { ContainerId = 0, HostId = First + (Slot(id) * Size), Size = Size }];
        return new(shifted, shifted);
    }

    /// <summary>Refuses a container with ids of its own where it would have the caller's.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Unsupported"/>.</exception>
    public static void Check(RunRequest request)
    {
        if (PlainUser.IsRootOfHisOwn && request.Namespaces.OwnUser && !request.Nest)
        {
            throw new EngineException(
                FailureKind.Unsupported, "--userns: a user namespace in a plain user's own needs its files' owners shifted, which the kernel leaves to root",
                "leave --userns out: who is root in the container is this user outside");
        }
    }

    /// <summary>A bundle of a plain user's names the machine's ids, as they are outside of the namespace that he is root of here.</summary>
    public static ImmutableArray<IdMapping> SeenFromHere(ImmutableArray<IdMapping> map, ImmutableArray<IdExtent> own)
        => PlainUser.IsRootOfHisOwn ? [.. map.Select(one => one with { HostId = SeenFromHere(one, own) })] : map;

    private static uint SeenFromHere(IdMapping map, ImmutableArray<IdExtent> own)
    {
        foreach (IdExtent extent in own)
        {
            if (map.HostId >= extent.Outside && (ulong)map.HostId + map.Size <= (ulong)extent.Outside + extent.Count)
            {
                return extent.First + (map.HostId - extent.Outside);
            }
        }

        return map.HostId;
    }

    // A line each: the kernel takes none that lies in two of the parent's.
    private static ImmutableArray<IdMapping> Kept(ImmutableArray<IdExtent> own)
        => [.. own.Select(one => new IdMapping { ContainerId = one.First, HostId = one.First, Size = one.Count })];

    private static uint Slot(string id) => uint.Parse(id.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) % Slots;
}
