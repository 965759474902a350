namespace Containerception.Cli;

/// <summary><c>ception delete</c>.</summary>
internal static class DeleteCommand
{
    private static readonly Flag Force = Flag.Switch("force", "f", "kill it first, and do not mind if there is none");

    public static Verb Verb { get; } = new("delete", "delete what a stopped container holds")
    {
        Description = ["Removes the container's cgroups and state, and runs its poststop hooks."],
        Examples = ["ception delete c1", "ception delete --force c1", "ception delete --regex '^web-'"],
        Flags = [Force, ManyContainers.Regex],
        Run = Run,
    };

    private static int Run(Invocation call) => ManyContainers.Each(call, (runtime, id) => runtime.Delete(id, call.Flags.Is(Force)));
}
