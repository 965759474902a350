using System.Collections.Immutable;
using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock volume</c>: directories that outlive the containers that use them.</summary>
internal static class VolumeCommand
{
    public static Command Create(Output output) => new("volume", "Manage volumes")
    {
        Make(output), List(output), Inspect(output), Remove(output), Prune(output),
    };

    private static Command Make(Output output)
    {
        Option<string> driver = new("--driver", "-d") { Description = "local, which is the only one", HelpName = "NAME" };
        Option<string[]> label = new("--label") { Description = "A note on the volume", HelpName = "NAME=VALUE" };
        Option<string[]> option = new("--opt", "-o") { Description = "What is mounted: type=tmpfs|none|ext4, device=PATH, o=OPTIONS, as mount(8) has them", HelpName = "NAME=VALUE" };
        Option<string> named = new("--name") { Description = "The volume's name", HelpName = "NAME", Hidden = true };
        Argument<string?> name = new("NAME") { Description = "Its name; without one it is made up", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("create", "Make a volume") { driver, label, option, named, name };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(driver) is string other and not "local")
            {
                throw new UsageException($"create {parsed.GetValue(name)}: error looking up volume plugin {other}: plugin \"{other}\" not found", "use local");
            }

            output.Standard.WriteLine(
                Engine().CreateVolume(parsed.GetValue(name) ?? parsed.GetValue(named), Pairs(parsed.GetValue(label)), Pairs(parsed.GetValue(option))).Name);
            return ExitCode.Success;
        });
        return command;
    }

    private static ImmutableSortedDictionary<string, string> Pairs(string[]? texts) => (texts ?? []).Select(text => text.Split('=', 2))
        .ToImmutableSortedDictionary(parts => parts[0], parts => parts.Length == 2 ? parts[1] : "", StringComparer.Ordinal);

    private static Command List(Output output)
    {
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only names" };
        Option<string[]> filter = new("--filter", "-f") { Description = "Only some: name, label, driver, dangling", HelpName = "NAME=VALUE" };
        Option<string> format = new("--format") { Description = "table, json, or a template: '{{.Name}}'", HelpName = "FORMAT" };
        Command command = new("ls", "List volumes") { quiet, filter, format };
        command.Aliases.Add("list");
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "name", "label", "driver", "dangling");
            string? shape = parsed.GetValue(quiet) ? "{{.Name}}" : parsed.GetValue(format);
            Listing listing = new(shape, VolumeDocument.Table, VolumeDocument.Headings);
            ContainerEngine engine = Engine();
            IEnumerable<VolumeInfo> volumes = engine.ListVolumes().Where(volume => IsWanted(volume, filters));

            // Measuring takes long; docker leaves it to `system df`.
            output.Standard.Write(listing.Write(volumes.Select(volume => VolumeDocument.Row(volume, size: null))));
            return ExitCode.Success;
        });
        return command;
    }

    private static bool IsWanted(VolumeInfo volume, Filters filters)
        => filters.Match("name", value => volume.Name.Contains(value, StringComparison.Ordinal))
            && filters.MatchLabels(volume.Labels)
            && filters.Match("driver", value => value == "local")
            && filters.Match("dangling", value => Truth.Of(value, "dangling") == volume.Users.IsEmpty);

    private static Command Inspect(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.Mountpoint}}'", HelpName = "FORMAT" };
        Argument<string[]> names = Names();
        Command command = new("inspect", "Tell all about volumes, in JSON") { format, names };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = Engine();
            return new Inspection(parsed.GetValue(format), output).Write(parsed.GetValue(names)!, name => VolumeDocument.Of(engine.FindVolume(name)));
        });
        return command;
    }

    private static Command Remove(Output output)
    {
        Option<bool> force = new("--force", "-f") { Description = "A volume that is not there is no failure" };
        Argument<string[]> names = Names();
        Command command = new("rm", "Remove volumes that no container has") { force, names };
        command.Aliases.Add("remove");
        command.SetAction(parsed =>
        {
            ContainerEngine engine = Engine();
            return Containers.Each(parsed.GetValue(names), output, name =>
            {
                try
                {
                    engine.RemoveVolume(name);
                }
                catch (EngineException missing) when (missing.Kind == FailureKind.NotFound && parsed.GetValue(force))
                {
                    // As asked.
                }
            });
        });
        return command;
    }

    private static Command Prune(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also volumes that were given a name" };
        Option<bool> force = new("--force", "-f") { Description = "Do not ask" };
        Option<string[]> filter = new("--filter") { Description = "Only some: label, label!, all", HelpName = "NAME=VALUE" };
        Command command = new("prune", "Remove all anonymous volumes that no container has") { all, force, filter };
        command.SetAction(parsed =>
        {
            Filters filters = Filters.Parse(parsed.GetValue(filter), "label", "label!", "all");
            bool withNamed = parsed.GetValue(all) || filters.Values("all").Any(value => Truth.Of(value, "all"));
            string which = withNamed ? "all local volumes" : "anonymous local volumes";
            if (!parsed.GetValue(force) && !Question.Ask(output, $"WARNING! This will remove {which} not used by at least one container."))
            {
                return ExitCode.Success;
            }

            (List<string> removed, long bytes) = Pruned(Engine(), withNamed, filters);
            output.Standard.Write(removed.Count > 0 ? $"Deleted Volumes:\n{string.Join('\n', removed)}\n\n" : "");
            output.Standard.WriteLine($"Total reclaimed space: {Words.Size(bytes)}");
            return ExitCode.Success;
        });
        return command;
    }

    public static (List<string> Removed, long Bytes) Pruned(ContainerEngine engine, bool withNamed, Filters filters)
    {
        List<string> removed = [];
        long bytes = 0;
        foreach (VolumeInfo volume in engine.ListUnusedVolumes(withNamed).Where(volume => filters.MatchLabels(volume.Labels)
            && !filters.Values("label!").Any(label => Filters.HasLabel(volume.Labels, label))))
        {
            long size = ContainerEngine.SizeOf(volume);
            try
            {
                engine.RemoveVolume(volume.Name);
            }
            catch (EngineException changed) when (changed.Kind is FailureKind.NotFound or FailureKind.Conflict)
            {
                continue;
            }

            removed.Add(volume.Name);
            bytes += size;
        }

        engine.NotePrune("volume", bytes);
        return (removed, bytes);
    }

    private static Argument<string[]> Names() => new("VOLUME") { Description = "Names", Arity = ArgumentArity.OneOrMore };

    private static ContainerEngine Engine() => ContainerEngine.Open(new EngineOptions());
}
