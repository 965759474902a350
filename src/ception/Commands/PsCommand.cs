using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception ps</c>.</summary>
internal static class PsCommand
{
    private static readonly Flag Format = Flag.Text("format", "f", "table or json") with { Default = "table", Choices = ["table", "json"] };

    public static Verb Verb { get; } = new("ps", "list the processes of a container")
    {
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.First,
        Description = ["Lists the processes in the container's cgroup, with their numbers on the host: as ps -ef does, or as a JSON array of numbers."],
        Examples = ["ception ps c1", "ception ps --format json c1"],
        Flags = [Format],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        if (call.Flags.Arguments.Count > 1)
        {
            throw new ContainerException(
                FailureKind.Unsupported,
                $"ps options are not supported by this version: {string.Join(' ', call.Flags.Arguments.Skip(1))}",
                "ception ps --format json prints the process ids, for ps -p");
        }

        string format = call.Flags.Text(Format)!;
        if (format is not ("table" or "json"))
        {
            throw new ContainerException(FailureKind.Invalid, "invalid format option");
        }

        IReadOnlyList<int> pids = call.OpenRuntime().Processes(call.Id);
        call.Output.Write(format == "json" ? $"[{string.Join(',', pids)}]\n" : ProcessTable.Of(pids, UserNames.Read()));
        return ExitCode.Fine;
    }
}
