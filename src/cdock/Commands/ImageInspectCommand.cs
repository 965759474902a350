using System.CommandLine;
using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Images;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary><c>cdock image inspect</c>: all that is known of images, as docker writes it.</summary>
internal static class ImageInspectCommand
{
    public static Command Create(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.Config.Cmd}}'", HelpName = "FORMAT" };
        Argument<string[]> names = new("IMAGE") { Description = "Names or ids", Arity = ArgumentArity.OneOrMore };
        Command command = new("inspect", "Show all that is known of images") { format, names };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            return new Inspection(parsed.GetValue(format), output).Write(parsed.GetValue(names)!, name => Describe(session.Store, Find(session.Store, name)));
        });
        return command;
    }

    public static StoredImage Find(ImageStore store, string name)
        => store.Table.Find(name) ?? throw new EngineException(FailureKind.NotFound, $"no such image: {name}", "`cdock images` lists what is here");

    /// <summary>docker's description of an image.</summary>
    public static JsonObject Describe(ImageStore store, StoredImage image)
    {
        ImageConfig config = store.ReadConfig(image.Id);
        JsonObject document = JsonNode.Parse(store.Contents.Read(image.Id))!.AsObject();
        JsonObject described = new()
        {
            ["Id"] = image.Id.ToString(),
            ["RepoTags"] = Texts(image.Tags.Select(name => name.Reference.FamiliarText)),
            ["RepoDigests"] = Texts(image.Digests.Select(name => name.Reference.FamiliarText)),
            ["Parent"] = "",
            ["Comment"] = config.History.LastOrDefault()?.Comment ?? "",
            ["Created"] = config.Created ?? "",
            ["Author"] = config.Author ?? "",
            ["Config"] = document["config"]?.DeepClone() ?? new JsonObject(),
            ["Architecture"] = config.Platform.Architecture,
            ["Os"] = config.Platform.Os,
            ["Size"] = image.Size,
            ["RootFS"] = new JsonObject { ["Type"] = "layers", ["Layers"] = Texts(config.DiffIds.Select(diffId => diffId.ToString())) },
        };
        if (config.Platform.Variant is string variant)
        {
            described["Variant"] = variant;
        }

        return described;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)JsonValue.Create(text))]);
}
