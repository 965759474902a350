using System.Collections.Immutable;
using System.Globalization;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>
/// How an ID-mapped mount changes the owners of its files: the id on disk is a mapping's container id, and what it looks like is the host
/// id, as the host numbers it. mount_setattr(2), "ID-mapped mounts".
/// </summary>
/// <param name="Recursive">The mounts below the source too.</param>
/// <param name="Uids">None: the mappings of the container's user namespace.</param>
/// <param name="Gids">Likewise.</param>
internal sealed record MountIdMap(bool Recursive, ImmutableArray<IdMapping> Uids, ImmutableArray<IdMapping> Gids)
{
    /// <summary>Ranges that begin with an id of the container, "@", not of the host.</summary>
    private ImmutableArray<(bool IsGid, int Index)> Relative { get; init; } = [];

    /// <summary>The mappings are those of the container's user namespace.</summary>
    public bool IsContainers => Uids.IsEmpty && Gids.IsEmpty;

    /// <summary>
    /// Reads <c>idmap</c>, <c>ridmap</c>, and crun's <c>idmap=uids=0-1000-10#10-2000-1;gids=@0-0-10</c>: ranges of disk id, host id and length,
    /// of which those with an @ count from the container's own id.
    /// </summary>
    /// <returns>null: it is another option.</returns>
    public static MountIdMap? TryParse(string target, string option)
    {
        bool recursive = option.StartsWith('r');
        string rest = recursive ? option[1..] : option;
        if (rest == "idmap")
        {
            return new MountIdMap(recursive, [], []);
        }

        if (!rest.StartsWith("idmap=", StringComparison.Ordinal))
        {
            return null;
        }

        ImmutableArray<IdMapping> uids = [];
        ImmutableArray<IdMapping> gids = [];
        List<(bool, int)> relative = [];
        foreach (string part in rest["idmap=".Length..].Split(';'))
        {
            if (part.StartsWith("uids=", StringComparison.Ordinal) && uids.IsEmpty)
            {
                uids = ParseRanges(target, option, part["uids=".Length..], index => relative.Add((false, index)));
            }
            else if (part.StartsWith("gids=", StringComparison.Ordinal) && gids.IsEmpty)
            {
                gids = ParseRanges(target, option, part["gids=".Length..], index => relative.Add((true, index)));
            }
            else
            {
                throw Refused(target, option);
            }
        }

        return uids.IsEmpty || gids.IsEmpty ? throw Refused(target, option) : new MountIdMap(recursive, uids, gids) { Relative = [.. relative] };
    }

    /// <summary>The same with host ids only.</summary>
    /// <exception cref="ContainerException">A relative id is none of the container's.</exception>
    public MountIdMap Absolute(string target, LinuxConfig linux)
    {
        if (Relative.IsEmpty)
        {
            return this;
        }

        return this with
        {
            Uids = [.. Uids.SelectMany((range, index) => Relative.Contains((false, index)) ? Translate(target, range, linux.UidMappings, "uid") : [range])],
            Gids = [.. Gids.SelectMany((range, index) => Relative.Contains((true, index)) ? Translate(target, range, linux.GidMappings, "gid") : [range])],
            Relative = [],
        };
    }

    /// <summary>A range may lie in several of the container's: each part goes where its own leads.</summary>
    private static IEnumerable<IdMapping> Translate(string target, IdMapping range, ImmutableArray<IdMapping> container, string kind)
    {
        uint done = 0;
        while (done < range.Size)
        {
            uint id = range.HostId + done;
            IdMapping? found = null;
            foreach (IdMapping candidate in container)
            {
                found = id >= candidate.ContainerId && id - candidate.ContainerId < candidate.Size ? candidate : found;
            }

            if (found is null)
            {
                throw new ContainerException(
                    FailureKind.Invalid, $"mount {target}: idmap: {kind} {id} is not in the {kind}Mappings of the container's user namespace", "a range with @ counts in the container's ids: leave the @ out for the host's");
            }

            uint size = Math.Min(range.Size - done, found.Size - (id - found.ContainerId));
            yield return new IdMapping { ContainerId = range.ContainerId + done, HostId = found.HostId + (id - found.ContainerId), Size = size };
            done += size;
        }
    }

    private static ImmutableArray<IdMapping> ParseRanges(string target, string option, string text, Action<int> isRelative)
    {
        ImmutableArray<IdMapping>.Builder ranges = ImmutableArray.CreateBuilder<IdMapping>();
        foreach (string one in text.Split('#'))
        {
            string[] numbers = one.TrimStart('@').Split('-');
            if (one.StartsWith('@'))
            {
                isRelative(ranges.Count);
            }

            if (numbers.Length != 3 || !TryId(numbers[0], out uint disk) || !TryId(numbers[1], out uint host) || !TryId(numbers[2], out uint size)
                || size == 0 || (ulong)disk + size > uint.MaxValue || (ulong)host + size > uint.MaxValue)
            {
                throw Refused(target, option);
            }

            ranges.Add(new IdMapping { ContainerId = disk, HostId = host, Size = size });
        }

        return ranges.ToImmutable();
    }

    private static bool TryId(string text, out uint id) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);

    private static ContainerException Refused(string target, string option) => new(
        FailureKind.Invalid, $"mount {target}: \"{option}\" is no ID mapping", "idmap=uids=DISK-HOST-LENGTH#…;gids=DISK-HOST-LENGTH#…, both, and @ before a range whose host id is one of the container's");
}
