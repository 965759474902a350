using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock container</c>: docker's other names of the verbs on containers, and <c>container prune</c>, which has no other.</summary>
internal static class ContainerCommand
{
    private const string Name = "container";

    private static readonly string[] Same =
    [
        "attach", "commit", "cp", "create", "diff", "exec", "export", "inspect", "kill", "logs", "pause", "port", "rename", "restart", "rm", "run",
        "start", "stats", "stop", "top", "unpause", "update", "wait",
    ];

    /// <summary>The line with a verb's first name: <c>container ls -a</c> is <c>ps -a</c>.</summary>
    public static string[] Rewrite(string[] words) => words switch
    {
        [Name, "ls" or "list" or "ps", ..] => ["ps", .. words[2..]],
        [Name, "remove", ..] => ["rm", .. words[2..]],
        [Name, "inspect", ..] => ["inspect", "--type", Name, .. words[2..]],
        [Name, string verb, ..] when Same.Contains(verb) => words[1..],
        _ => words,
    };

    public static Command Create(Output output) => new(Name, $"Manage containers: ls is ps; {string.Join(", ", Same)} are the verbs of those names")
    {
        Prune(output),
    };

    private static Command Prune(Output output)
    {
        Option<bool> force = new("--force", "-f") { Description = "Do not ask" };
        Option<string[]> filter = new("--filter") { Description = "Only some: label, label!, until", HelpName = "NAME=VALUE" };
        Command command = new("prune", "Remove all containers that do not run") { force, filter };
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "label", "label!", "until");
            if (!parsed.GetValue(force) && !Question.Ask(output, "WARNING! This will remove all stopped containers."))
            {
                return ExitCode.Success;
            }

            (List<string> removed, long bytes) = Pruned(ContainerEngine.Open(new EngineOptions()), filters);
            output.Standard.Write(removed.Count > 0 ? $"Deleted Containers:\n{string.Join('\n', removed)}\n\n" : "");
            output.Standard.WriteLine($"Total reclaimed space: {Words.Size(bytes)}");
            return ExitCode.Success;
        });
        return command;
    }

    public static (List<string> Removed, long Bytes) Pruned(ContainerEngine engine, Filters filters)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset? until = filters.Has("until") ? filters.Values("until").Min(text => Moment.Parse(text, now, "until")) : null;
        List<string> removed = [];
        long bytes = 0;
        foreach (ContainerInfo one in engine.List(all: true).Where(one => one.State is ContainerState.Created or ContainerState.Exited
            && (until is null || one.Created < until) && filters.MatchLabels(one.Labels)
            && !filters.Values("label!").Any(label => Filters.HasLabel(one.Labels, label))))
        {
            long size = ContainerEngine.SizeOf(one);
            try
            {
                engine.Remove(one.Id, force: false);
            }
            catch (EngineException changed) when (changed.Kind is FailureKind.NotFound or FailureKind.Conflict)
            {
                continue;
            }

            removed.Add(one.Id);
            bytes += size;
        }

        engine.NotePrune("container", bytes);
        return (removed, bytes);
    }
}
