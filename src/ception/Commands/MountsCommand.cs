namespace Containerception.Cli;

/// <summary><c>ception mounts</c>.</summary>
internal static class MountsCommand
{
    public static Verb Verb { get; } = new("mounts", "put mounts into a running container, or take them away")
    {
        Arguments = "add|remove <container-id> <file>",
        Actions = ["add", "remove"],
        ArgumentsMin = 3,
        ArgumentsMax = 3,
        Description =
        [
            "The file is JSON: an array of mounts as config.json has them, or an object with such an array as \"mounts\". add mounts them in the order of the file, and all or none: after a failure nothing stays but directories and files that were made to mount on.",
            "remove takes the topmost mount of each destination away, the last one first, as umount --lazy does; of its fields only the destination counts.",
            "Sources are the host's. A proc, a remount, copy-symlink and tmpcopyup are for the mounts that a container is made with.",
        ],
        Examples = ["ception mounts add c1 data.json", "ception mounts remove c1 data.json"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        (string id, string file) = (call.Flags.Arguments[1], call.Flags.Arguments[2]);
        switch (call.Flags.Arguments[0])
        {
            case "add":
                call.OpenRuntime().AddMounts(id, file);
                return ExitCode.Fine;
            case "remove":
                call.OpenRuntime().RemoveMounts(id, file);
                return ExitCode.Fine;
            default:
                throw new UsageException($"{Program.Name}: \"{Verb.Name}\" is followed by add or remove, not \"{call.Flags.Arguments[0]}\"");
        }
    }
}
