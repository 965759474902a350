using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary>
/// <c>ception map-ids</c>: makes a user namespace for cdock, which has threads and so cannot clone, and holds it as long as cdock needs to
/// open it: until standard input ends. Its descriptor's number is all that is said.
/// </summary>
internal static class MapIdsCommand
{
    public static Verb Verb { get; } = new("map-ids", "hold a user namespace whose ids begin at one of the host's")
    {
        Arguments = "<first-host-id> <count>",
        ArgumentsMin = 2,
        ArgumentsMax = 2,
        FlagPlace = FlagPlace.First,
        Description = ["Used by cdock, for images' layers in containers with a user namespace."],
        Examples = ["ception map-ids 536870912 65536"],
        Hidden = true,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        IdMapping map = new() { ContainerId = 0, HostId = Number(call.Flags.Arguments[0]), Size = Number(call.Flags.Arguments[1]) };
        using SafeFileHandle space = MappedNamespace.Make([map], [map], privileged: true);
        call.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{space.DangerousGetHandle()}\n"));
        using SafeFileHandle input = new(0, ownsHandle: false);
        Span<byte> end = stackalloc byte[1];
        while (FileContents.Read(input, end) > 0)
        {
        }

        return ExitCode.Fine;
    }

    private static uint Number(string text)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) ? number : throw new UsageException($"map-ids: \"{text}\" is no id");
}
