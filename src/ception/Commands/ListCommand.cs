using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception list</c>.</summary>
internal static class ListCommand
{
    private static readonly Flag Format = Flag.Text("format", "f", "table or json") with { Default = "table", Choices = ["table", "json"] };

    private static readonly Flag Quiet = Flag.Switch("quiet", "q", "print the ids only");

    public static Verb Verb { get; } = new("list", "list the containers")
    {
        Arguments = "",
        ArgumentsMin = 0,
        ArgumentsMax = 0,
        Description = ["Lists the containers whose state is below --root."],
        Examples = ["ception list", "ception --root /run/mine list --format json"],
        Flags = [Format, Quiet],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        IReadOnlyList<ContainerStatus> containers = Containers(call);
        if (call.Flags.Is(Quiet))
        {
            call.Output.Write(string.Concat(containers.Select(container => container.Id + "\n")));
            return ExitCode.Fine;
        }

        switch (call.Flags.Text(Format))
        {
            case "table":
                call.Output.Write(ContainerTable.Of(containers, UserNames.Read()));
                return ExitCode.Fine;
            case "json":
                call.Output.Write(StatusJson.Many(containers, UserNames.Read()));
                return ExitCode.Fine;
            default:
                throw new ContainerException(FailureKind.Invalid, "invalid format option");
        }
    }

    // A machine without containers has no default root; a root that was named and is not there is a mistake.
    private static IReadOnlyList<ContainerStatus> Containers(Invocation call)
    {
        if (!Directory.Exists(call.Root))
        {
            return call.Global.Texts(GlobalFlags.Root).Count == 0
                ? []
                : throw new ContainerException(FailureKind.Invalid, $"open {call.Root}: no such file or directory");
        }

        return call.OpenRuntime().List();
    }
}
