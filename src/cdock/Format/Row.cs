using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary>One line of a list: what a template finds in the dot.</summary>
/// <param name="Fields">By name; what <c>{{json .}}</c> writes.</param>
/// <param name="Label">What <c>{{.Label "name"}}</c> answers.</param>
internal sealed record Row(JsonObject Fields, Func<string, string> Label)
{
    public Row(JsonObject fields)
        : this(fields, _ => "")
    {
    }

    public static Row Of(JsonObject fields, IReadOnlyDictionary<string, string> labels)
        => new(fields, name => labels.TryGetValue(name, out string? value) ? value : "");
}
