using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception ps</c>.</summary>
internal static class PsCommand
{
    private static readonly Flag Format = Flag.Text("format", "f", "table or json") with { Default = "table", Choices = ["table", "json"] };

    public static Verb Verb { get; } = new("ps", "list the processes of a container")
    {
        Arguments = "<container-id> [ps options]",
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.First,
        Description =
        [
            "Lists the processes in the container's cgroup and in those below it, with their numbers on the host: the lines of the host's ps, which is given the options, or -ef; or a JSON array of numbers.",
        ],
        Examples = ["ception ps c1", "ception ps c1 -o pid,rss,comm", "ception ps --format json c1"],
        Flags = [Format],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        switch (call.Flags.Text(Format))
        {
            case "table":
                call.Output.Write(call.OpenRuntime().ProcessList(call.Id, [.. call.Flags.Arguments.Skip(1)]));
                return ExitCode.Fine;
            case "json":
                // A list of none is null to runc.
                IReadOnlyList<int> pids = call.OpenRuntime().Processes(call.Id);
                call.Output.Write(pids.Count == 0 ? "null\n" : $"[{string.Join(',', pids)}]\n");
                return ExitCode.Fine;
            default:
                throw new ContainerException(FailureKind.Invalid, "invalid format option");
        }
    }
}
