using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>What <c>inspect</c> of any kind prints: an array of documents, a line of it, or what a template makes of each.</summary>
internal sealed class Inspection(string? format, Output output)
{
    /// <summary>docker's exit code for a template that is none.</summary>
    private const int WrongTemplate = 64;

    /// <summary>Tells of each; those that are not found are told last, and make it fail.</summary>
    public int Write(string[] names, Func<string, JsonObject> find)
    {
        string? text = format is null or "" or "json" ? null : format;
        try
        {
            Template? template = text is null ? null : Template.Parse(text);
            (List<JsonObject> found, List<EngineException> missing) = Find(names, find);
            output.Standard.Write(template is null ? Documents(found) : string.Concat(found.Select(one => template.Execute(one) + "\n")));
            missing.ForEach(failure => output.Fail(failure.Message, failure.Hint));
            return missing.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        }
        catch (TemplateException wrong)
        {
            output.Fail($"template parsing error: {wrong.Message}", wrong.Hint);
            return wrong.IsParsing ? WrongTemplate : ExitCode.Failure;
        }
    }

    private static (List<JsonObject> Found, List<EngineException> Missing) Find(string[] names, Func<string, JsonObject> find)
    {
        List<JsonObject> found = [];
        List<EngineException> missing = [];
        foreach (string name in names)
        {
            try
            {
                found.Add(find(name));
            }
            catch (EngineException failure)
            {
                missing.Add(failure);
            }
        }

        return (found, missing);
    }

    private string Documents(List<JsonObject> found)
    {
        JsonNode?[] nodes = [.. found];
        JsonArray all = new(nodes);
        return (format == "json" ? JsonText.Line(all) : JsonText.Indented(all)) + "\n";
    }
}
