using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Images;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary><c>cdock history</c>: how an image came to be, the last step first.</summary>
internal static class HistoryCommand
{
    private const string Table = "{{.ID}}\\t{{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}";
    private const string Missing = "<missing>";
    private const int ShortIdLength = 12;
    private const int CreatedByMax = 45;

    private static readonly Dictionary<string, string> Headings = new()
    {
        ["Comment"] = "COMMENT",
        ["CreatedAt"] = "CREATED AT",
        ["CreatedBy"] = "CREATED BY",
        ["CreatedSince"] = "CREATED",
        ["ID"] = "IMAGE",
        ["Size"] = "SIZE",
    };

    public static Command Create(Output output)
    {
        Option<bool> human = new("--human", "-H") { Description = "Times and sizes in words (default: true)", DefaultValueFactory = _ => true };
        Option<bool> whole = new("--no-trunc") { Description = "Whole ids and commands" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only ids" };
        Option<string> format = new("--format") { Description = "table, json, or a template", HelpName = "FORMAT" };
        Argument<string> name = new("IMAGE") { Description = "A name or an id" };
        Command command = new("history", "Show how an image came to be") { human, whole, quiet, format, name };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            StoredImage image = session.Store.Get(parsed.GetValue(name)!);
            Listing listing = new(parsed.GetValue(quiet) ? "{{.ID}}" : parsed.GetValue(format), Table, Headings);
            output.Standard.Write(listing.Write(Rows(session.Store, image, parsed.GetValue(whole), parsed.GetValue(human))));
            return ExitCode.Success;
        });
        return command;
    }

    private static List<Row> Rows(ImageStore store, StoredImage image, bool whole, bool human)
    {
        ImageConfig config = store.ReadConfig(image.Id);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();

        // A builder may say nothing of how a layer came to be.
        int told = config.History.Count(step => !step.EmptyLayer);
        IEnumerable<ImageHistory> steps = config.History.Concat(Enumerable.Repeat(new ImageHistory(), Math.Max(0, config.DiffIds.Length - told)));
        List<Row> rows = [];
        int layer = 0;
        foreach (ImageHistory step in steps)
        {
            long size = !step.EmptyLayer && layer < config.DiffIds.Length ? store.Table.LayerSize(config.DiffIds[layer++]) ?? 0 : 0;
            rows.Add(Row(step, size, now, whole, human));
        }

        rows.Reverse();
        if (rows.Count > 0)
        {
            rows[0].Fields["ID"] = whole ? image.Id.ToString() : image.Id.Hex[..ShortIdLength];
        }

        return rows;
    }

    /// <summary>The builder is a stranger, and this goes to a terminal.</summary>
    private static string Printable(string? text) => new([.. (text ?? "").Select(letter => char.IsControl(letter) ? ' ' : letter)]);

    private static Row Row(ImageHistory step, long size, DateTimeOffset now, bool whole, bool human)
    {
        DateTimeOffset? created = DateTimeOffset.TryParse(step.Created, CultureInfo.InvariantCulture, out DateTimeOffset time) ? time : null;
        string by = Printable(step.CreatedBy);
        string at = created?.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture) ?? "";
        return new Row(new JsonObject
        {
            ["Comment"] = Printable(step.Comment),
            ["CreatedAt"] = at,
            ["CreatedBy"] = whole || by.Length <= CreatedByMax ? by : by[..(CreatedByMax - 1)] + "…",
            ["CreatedSince"] = !human ? at : created is { } then ? Words.Ago(then, now) : "N/A",
            ["ID"] = Missing,
            ["Size"] = human ? Words.Size(size, digits: 3) : size.ToString(CultureInfo.InvariantCulture),
        });
    }
}
