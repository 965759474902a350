using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Containerception.Images;

/// <summary>Instructions of a Dockerfile that change an image's configuration, as <c>commit</c> and <c>import</c> take them.</summary>
internal static class ConfigChanges
{
    private const string Known = "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR";

    /// <summary>Applies one of them to the member <c>config</c>.</summary>
    /// <exception cref="ImageException">It is none, or makes no sense.</exception>
    public static void Apply(JsonObject config, string instruction)
    {
        string text = instruction.Trim();
        int blank = text.IndexOfAny([' ', '\t']);
        string rest = blank < 0 ? "" : text[blank..].Trim();
        if (rest.Length == 0)
        {
            throw Wrong(instruction, "it says nothing");
        }

        switch (text[..blank].ToUpperInvariant())
        {
            case "CMD":
                config["Cmd"] = Program(rest);
                break;
            case "ENTRYPOINT":
                config["Entrypoint"] = Program(rest);
                break;
            case "ENV":
                SetVariables(config, Pairs(instruction, rest));
                break;
            case "LABEL":
                SetLabels(config, Pairs(instruction, rest));
                break;
            case "EXPOSE":
                AddKeys(config, "ExposedPorts", Words(rest).Select(port => port.Contains('/', StringComparison.Ordinal) ? port : port + "/tcp"));
                break;
            case "VOLUME":
                AddKeys(config, "Volumes", TryList(rest) ?? Words(rest));
                break;
            case "USER":
                config["User"] = rest;
                break;
            case "WORKDIR":
                config["WorkingDir"] = Path.GetFullPath(rest, (string?)config["WorkingDir"] is { Length: > 0 } before ? before : "/");
                break;
            case "STOPSIGNAL":
                config["StopSignal"] = rest;
                break;
            case "ONBUILD":
                JsonArray later = config["OnBuild"] as JsonArray ?? [];
                config["OnBuild"] = new JsonArray([.. later.Select(one => one?.DeepClone()), JsonValue.Create(rest)]);
                break;
            default:
                throw Wrong(instruction, $"known are {Known}");
        }
    }

    /// <summary>A list as JSON, or a line for the shell.</summary>
    private static JsonArray Program(string text) => Array(TryList(text) ?? ["/bin/sh", "-c", text]);

    private static List<string>? TryList(string text)
    {
        if (!text.StartsWith('['))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text) is JsonArray array && array.All(one => one is JsonValue value && value.GetValueKind() == JsonValueKind.String)
                ? [.. array.Select(one => (string)one!)]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static void SetVariables(JsonObject config, List<(string Name, string Value)> pairs)
    {
        List<string> variables = [.. (config["Env"] as JsonArray ?? []).Select(one => (string?)one ?? "")];
        foreach ((string name, string value) in pairs)
        {
            int at = variables.FindIndex(one => one.StartsWith(name + "=", StringComparison.Ordinal));
            if (at < 0)
            {
                variables.Add($"{name}={value}");
            }
            else
            {
                variables[at] = $"{name}={value}";
            }
        }

        config["Env"] = Array(variables);
    }

    private static void SetLabels(JsonObject config, List<(string Name, string Value)> pairs)
    {
        if (config["Labels"] is not JsonObject labels)
        {
            config["Labels"] = labels = [];
        }

        foreach ((string name, string value) in pairs)
        {
            labels[name] = value;
        }
    }

    private static void AddKeys(JsonObject config, string member, IEnumerable<string> keys)
    {
        if (config[member] is not JsonObject map)
        {
            config[member] = map = [];
        }

        foreach (string key in keys)
        {
            map[key] = new JsonObject();
        }
    }

    /// <summary><c>NAME=VALUE …</c>, or the old <c>NAME VALUE</c> with one value that may have blanks.</summary>
    private static List<(string Name, string Value)> Pairs(string instruction, string text)
    {
        List<string> words = Words(text);
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            int blank = text.IndexOfAny([' ', '\t']);
            return blank > 0 ? [(text[..blank], text[blank..].Trim())] : throw Wrong(instruction, "it has no value");
        }

        return [.. words.Select(word => word.IndexOf('=', StringComparison.Ordinal) is > 0 and int equals
            ? (word[..equals], word[(equals + 1)..])
            : throw Wrong(instruction, $"\"{word}\" has no value"))];
    }

    /// <summary>Words between blanks; quotation marks and backslashes keep blanks in them.</summary>
    private static List<string> Words(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        char quote = '\0';
        bool any = false;
        for (int i = 0; i < text.Length; i++)
        {
            char letter = text[i];
            if (letter == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
                any = true;
            }
            else if (quote != '\0' ? letter == quote : letter is '"' or '\'')
            {
                quote = quote == '\0' ? letter : '\0';
                any = true;
            }
            else if (quote == '\0' && letter is ' ' or '\t')
            {
                AddWord();
            }
            else
            {
                word.Append(letter);
                any = true;
            }
        }

        AddWord();
        return words;

        void AddWord()
        {
            if (any)
            {
                words.Add(word.ToString());
                word.Clear();
                any = false;
            }
        }
    }

    private static ImageException Wrong(string instruction, string why) => new(ImageFailure.Invalid, $"--change \"{instruction}\": {why}");
}
