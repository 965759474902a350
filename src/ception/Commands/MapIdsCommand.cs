using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary>
/// <c>ception map-ids</c>: makes a user namespace for cdock, which has threads and so cannot clone, and holds it as long as cdock needs to
/// open it: until standard input ends. Its descriptor's number is all that is said; with a network namespace of its own, that one's comes after.
/// </summary>
internal static class MapIdsCommand
{
    private static readonly Flag Network = Flag.Switch("net", "make a network namespace that belongs to it, too");

    public static Verb Verb { get; } = new("map-ids", "hold a user namespace")
    {
        Arguments = "<uids> <gids>",
        ArgumentsMin = 2,
        ArgumentsMax = 2,
        FlagPlace = FlagPlace.First,
        Description = ["Used by cdock, for images' layers and networks of containers with a user namespace. Ids are container:host:count,..."],
        Flags = [Network],
        Examples = ["ception map-ids 0:536870912:65536 0:536870912:65536"],
        Hidden = true,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        (ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids) = (Maps(call.Flags.Arguments[0]), Maps(call.Flags.Arguments[1]));
        if (call.Flags.Is(Network))
        {
            (SafeFileHandle user, SafeFileHandle network) = MappedNamespace.MakeWithNetwork(uids, gids, privileged: true);
            using (user)
            using (network)
            {
                Hold(call, $"{user.DangerousGetHandle()} {network.DangerousGetHandle()}\n");
            }

            return ExitCode.Fine;
        }

        using SafeFileHandle space = MappedNamespace.Make(uids, gids, privileged: true);
        Hold(call, $"{space.DangerousGetHandle()}\n");
        return ExitCode.Fine;
    }

    private static void Hold(Invocation call, FormattableString numbers)
    {
        call.Output.Write(numbers.ToString(CultureInfo.InvariantCulture));
        using SafeFileHandle input = new(0, ownsHandle: false);
        Span<byte> end = stackalloc byte[1];
        while (FileContents.Read(input, end) > 0)
        {
        }
    }

    private static ImmutableArray<IdMapping> Maps(string text) => [.. text.Split(',').Select(one => one.Split(':') is [string inside, string host, string count]
        ? new IdMapping { ContainerId = Number(inside), HostId = Number(host), Size = Number(count) }
        : throw new UsageException($"map-ids: \"{one}\" is not container:host:count"))];

    private static uint Number(string text)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : throw new UsageException($"map-ids: \"{text}\" is no id");
}
