using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock images</c>: lists images, in docker's table.</summary>
internal static class ImagesCommand
{
    public static Command Create(Output output, string name)
    {
        Option<bool> all = new("--all", "-a") { Description = "As docker has it; there are no images here that are hidden without" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only ids" };
        Option<bool> whole = new("--no-trunc") { Description = "Whole ids" };
        Option<bool> digests = new("--digests") { Description = "Also what registries have them by" };
        Option<string[]> filter = new("--filter", "-f") { Description = $"Only some: {string.Join(", ", ImageChoice.Known)}", HelpName = "NAME=VALUE" };
        Option<string> format = new("--format") { Description = "table, json, or a template: 'table {{.ID}}\\t{{.Size}}'", HelpName = "FORMAT" };
        Argument<string> only = new("REPOSITORY") { Description = "Only images of that name: REPOSITORY[:TAG], or a pattern", Arity = ArgumentArity.ZeroOrOne };
        Command command = new(name, "List images") { all, quiet, whole, digests, filter, format, only };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            string[] texts = [.. parsed.GetValue(filter) ?? [], .. parsed.GetValue(only) is string pattern ? [$"reference={pattern}"] : Array.Empty<string>()];
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            ImageChoice choice = new(session.Store, Filters.Parse(texts, ImageChoice.Known), now);
            StoredImage[] images = [.. session.Store.Table.List().Where(choice.Has)];
            string table = parsed.GetValue(digests) ? ImageRow.TableWithDigests : ImageRow.Table;
            Listing listing = new(
                parsed.GetValue(quiet) ? "{{.ID}}" : parsed.GetValue(format), images.Any(image => image.IsShared) ? table + "\\t{{.ReadOnly}}" : table, ImageRow.Headings);
            ImageRow rows = new(now, parsed.GetValue(whole));
            IEnumerable<Row> lines = images.SelectMany(image => rows.Of(image, choice.IsShown));
            output.Standard.Write(listing.Write(lines));
            return ExitCode.Success;
        });
        return command;
    }
}
