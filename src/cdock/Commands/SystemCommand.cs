using System.CommandLine;
using Containerception.Engine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock system</c>: what is kept, what it takes, and what of it nobody has a use for.</summary>
internal static class SystemCommand
{
    private const string Table = "{{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}";

    private static readonly Dictionary<string, string> Headings = new()
    {
        ["Active"] = "ACTIVE",
        ["Reclaimable"] = "RECLAIMABLE",
        ["Size"] = "SIZE",
        ["TotalCount"] = "TOTAL",
        ["Type"] = "TYPE",
    };

    public static Command Create(Output output) => new("system", "Look after the engine")
    {
        Use(output), InfoCommand.Create(output), Prune(output),
    };

    /// <summary>docker's other name: <c>system events</c>.</summary>
    public static string[] Rewrite(string[] words) => words is ["system", "events", ..] ? words[1..] : words;

    private static Command Use(Output output)
    {
        Option<bool> verbose = new("--verbose", "-v") { Description = "Each image, container and volume" };
        Option<string> format = new("--format") { Description = "table, json, or a template: '{{.Type}} {{.Size}}'", HelpName = "FORMAT" };
        Command command = new("df", "Tell what images, containers and volumes take of the disk") { verbose, format };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(verbose) && parsed.GetValue(format) is not null)
            {
                throw new UsageException("--verbose has a format of its own", "leave one of the two out");
            }

            DiskReport report = DiskReport.Measure(ContainerEngine.Open(new EngineOptions()));
            output.Standard.Write(parsed.GetValue(verbose)
                ? report.Verbose(TimeProvider.System.GetUtcNow())
                : new Listing(parsed.GetValue(format), Table, Headings).Write(report.Rows()));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Prune(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also images with a tag that no container has" };
        Option<bool> volumes = new("--volumes") { Description = "Also anonymous volumes that no container has" };
        Option<bool> force = new("--force", "-f") { Description = "Do not ask" };
        Option<string[]> filter = new("--filter") { Description = "Only some: label, label!, until", HelpName = "NAME=VALUE" };
        Command command = new("prune", "Remove what nobody has a use for") { all, volumes, force, filter };
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "label", "label!", "until");
            if (filters.Has("until") && parsed.GetValue(volumes))
            {
                throw new UsageException("ERROR: The \"until\" filter is not supported with \"--volumes\"");
            }

            string warning = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
                + (parsed.GetValue(volumes) ? "  - all anonymous volumes not used by at least one container\n" : "")
                + (parsed.GetValue(all) ? "  - all images without at least one container associated to them\n" : "  - all dangling images\n");
            if (parsed.GetValue(force) || Question.Ask(output, warning))
            {
                Pruned(output, filters, parsed.GetValue(all), parsed.GetValue(volumes));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Pruned(Output output, Filters filters, bool allImages, bool withVolumes)
    {
        ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
        (List<string> containers, long bytes) = ContainerCommand.Pruned(engine, filters);
        Tell(output, "Containers", containers);
        Tell(output, "Networks", NetworkCommand.Pruned(engine, filters));
        if (withVolumes)
        {
            (List<string> volumes, long more) = VolumeCommand.Pruned(engine, withNamed: false, filters);
            Tell(output, "Volumes", volumes);
            bytes += more;
        }

        using ImageSession session = ImageSession.Open();
        Removed images = session.Removal().Prune(allImages, new ImageChoice(session.Store, filters, TimeProvider.System.GetUtcNow()).Has);
        session.Events.NotePrune(images);
        Tell(output, "Images", [.. images.Untagged.Select(name => $"untagged: {name}"), .. images.Deleted.Select(id => $"deleted: {id}")]);
        output.Standard.WriteLine($"Total reclaimed space: {Words.Size(bytes + images.Bytes)}");
    }

    private static void Tell(Output output, string what, List<string> removed)
        => output.Standard.Write(removed.Count == 0 ? "" : $"Deleted {what}:\n{string.Join('\n', removed)}\n\n");
}
