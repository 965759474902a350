using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The 65,536 users and groups of a container with a user namespace of its own: where they lie on the host.</summary>
internal static class UserRange
{
    // Above what distributions give to people and to subuid(5), below 2^31, where ids turn negative in careless programs.
    private const uint First = 0x2000_0000;
    private const uint Size = 0x1_0000;
    private const uint Slots = 0x5000;

    /// <summary>
    /// The caller is root of a container's user namespace: it owns no disk, so it cannot shift the owners of files on one, and its containers have
    /// the ids that it has itself.
    /// </summary>
    public static bool IsNested { get; } = !PlainUser.IsRootOfHisOwn && !Namespaces.IsInitialUser;

    /// <summary>The range of one container. Two containers share one with a chance of 1 in 20,480, and then only ids, never files.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Unsupported"/>: the caller is no root of the machine.</exception>
    public static IdMapping Of(string id) => PlainUser.IsRootOfHisOwn ? throw new EngineException(
        FailureKind.Unsupported, "--userns: a user namespace in a plain user's own needs its files' owners shifted, which the kernel leaves to root",
        "leave --userns out: who is root in the container is this user outside")
        : IsNested ? new() { ContainerId = 0, HostId = 0, Size = Size }
        : new() { ContainerId = 0, HostId = First + (Slot(id) * Size), Size = Size };

    private static uint Slot(string id) => uint.Parse(id.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) % Slots;
}
