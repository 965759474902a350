using System.CommandLine;
using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock inspect</c>: all that is known of containers, images, networks and volumes, in JSON.</summary>
internal static class InspectCommand
{
    public static Command Create(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.State.Status}}'", HelpName = "FORMAT" };
        Option<bool> size = new("--size", "-s") { Description = "Measure what containers have written" };
        Option<string> type = new("--type") { Description = "Only containers, images, networks or volumes", HelpName = "container|image|network|volume" };
        Argument<string[]> names = new("NAME") { Description = "Names or ids", Arity = ArgumentArity.OneOrMore };
        Command command = new("inspect", "Tell all about containers, images, networks and volumes, in JSON") { format, size, type, names };
        command.SetAction(parsed =>
        {
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            bool measures = parsed.GetValue(size);
            return new Inspection(parsed.GetValue(format), output).Write(parsed.GetValue(names)!, parsed.GetValue(type) switch
            {
                null => name => Any(engine, name, measures),
                "container" => name => Container(engine, name, measures),
                "image" => Image,
                "network" => name => NetworkDocument.Of(engine.FindNetwork(name), engine),
                "volume" => name => VolumeDocument.Of(engine.FindVolume(name)),
                string other => throw new UsageException($"unknown type: \"{other}\": must be one of \"container\", \"image\", \"network\", \"volume\""),
            });
        });
        return command;
    }

    private static JsonObject Any(ContainerEngine engine, string name, bool measures)
    {
        Func<JsonObject>[] kinds =
        [
            () => Container(engine, name, measures), () => Image(name), () => NetworkDocument.Of(engine.FindNetwork(name), engine),
            () => VolumeDocument.Of(engine.FindVolume(name)),
        ];
        foreach (Func<JsonObject> find in kinds)
        {
            try
            {
                return find();
            }
            catch (EngineException missing) when (missing.Kind == FailureKind.NotFound)
            {
                // Perhaps it is something else.
            }
        }

        throw new EngineException(FailureKind.NotFound, $"No such object: {name}");
    }

    private static JsonObject Image(string name)
    {
        using ImageSession session = ImageSession.Open();
        try
        {
            return ImageInspectCommand.Describe(session.Store, ImageInspectCommand.Find(session.Store, name));
        }
        catch (ImageException odd) when (odd.Failure == ImageFailure.Invalid)
        {
            throw new EngineException(FailureKind.NotFound, $"no such image: {name}", "`cdock images` lists what is here", odd);
        }
    }

    private static JsonObject Container(ContainerEngine engine, string name, bool measures)
    {
        ContainerDetails details = engine.Inspect(name);
        JsonObject document = ContainerDocument.Of(details);
        if (measures)
        {
            long written = ContainerEngine.SizeOf(details.Info);
            document["SizeRw"] = written;
            document["SizeRootFs"] = written + (engine.ImageSizeOf(details.Info) ?? 0);
        }

        return document;
    }
}
