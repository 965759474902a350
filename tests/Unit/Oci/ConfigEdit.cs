using System.Text;
using System.Text.Json.Nodes;
using Containerception.Oci;

namespace Containerception.Unit.Tests.Oci;

/// <summary>The default config with one field changed.</summary>
internal static class ConfigEdit
{
    /// <summary>Sets <c>a.b[2].c</c> to a JSON value; <c>(gone)</c> removes it. What is missing on the way is made.</summary>
    public static byte[] Apply(params (string Path, string Json)[] edits)
    {
        JsonNode config = JsonNode.Parse(DefaultConfig.Create().ToJson())!;
        foreach ((string path, string json) in edits)
        {
            Apply(config, path.Replace("[", ".[", StringComparison.Ordinal).Split('.'), json);
        }

        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    /// <summary>The message that the edited config is refused with; null when it is taken.</summary>
    public static string? Refusal(byte[] json)
    {
        try
        {
            RuntimeConfig config = RuntimeConfig.Read(json);
            ConfigValidation.Validate(config);
            _ = config.Linux?.Seccomp?.Syscalls;
            return null;
        }
        catch (ConfigException e)
        {
            return e.Message;
        }
    }

    private static void Apply(JsonNode node, string[] steps, string json)
    {
        for (int i = 0; i < steps.Length - 1; i++)
        {
            bool listFollows = steps[i + 1].StartsWith('[');
            if (steps[i].StartsWith('['))
            {
                node = node.AsArray()[int.Parse(steps[i].Trim('[', ']'))]!;
            }
            else
            {
                node = node[steps[i]] ??= listFollows ? new JsonArray() : new JsonObject();
            }
        }

        string last = steps[^1];
        if (json == "(gone)")
        {
            node.AsObject().Remove(last);
        }
        else if (last.StartsWith('['))
        {
            int index = int.Parse(last.Trim('[', ']'));
            JsonArray array = node.AsArray();
            if (index < array.Count)
            {
                array[index] = JsonNode.Parse(json);
            }
            else
            {
                array.Add(JsonNode.Parse(json));
            }
        }
        else
        {

            node[last] = JsonNode.Parse(json);
        }
    }
}
