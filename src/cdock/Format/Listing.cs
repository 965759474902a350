using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary>A list in the shape that <c>--format</c> asks for: docker's table, a table of one's own, a template for each, or JSON.</summary>
internal sealed class Listing
{
    private const string Table = "table";

    private readonly Template _template;
    private readonly bool _isTable;
    private readonly JsonObject _headings;

    /// <param name="format">What was asked for; null for the table.</param>
    /// <param name="table">docker's own table: a template with tabs.</param>
    /// <param name="headings">What stands above a field: <c>ID</c> is <c>CONTAINER ID</c>.</param>
    /// <exception cref="TemplateException">The format is no template.</exception>
    public Listing(string? format, string table, IReadOnlyDictionary<string, string> headings)
    {
        string wanted = (format ?? Table).Trim(' ');
        string template = wanted switch
        {
            Table => table,
            "json" => "{{json .}}",
            "raw" => throw new UsageException("--format raw is not supported", "use table, json, or a template: '{{.ID}}: {{.Names}}'"),
            _ when wanted.StartsWith(Table, StringComparison.Ordinal) => wanted[Table.Length..].Trim(' '),
            _ => wanted,
        };
        _isTable = wanted.StartsWith(Table, StringComparison.Ordinal);
        _headings = new JsonObject(headings.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value)));
        _template = Template.Parse(template.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal));
    }

    public bool Mentions(string field) => _template.Mentions(field);

    /// <exception cref="TemplateException">The format does not fit.</exception>
    public string Write(IEnumerable<Row> rows)
    {
        StringBuilder text = new();
        if (_isTable)
        {
            text.Append(_template.Execute(new Row(_headings, Heading), isHeading: true)).Append('\n');
        }

        foreach (Row row in rows)
        {
            text.Append(_template.Execute(row)).Append('\n');
        }

        return _isTable ? TabbedText.Align(text.ToString()) : text.ToString();
    }

    // {{.Label "com.example.my-name"}} is headed "my name".
    private static string Heading(string label) => label[(label.LastIndexOf('.') + 1)..].Replace('-', ' ').Replace('_', ' ');
}
