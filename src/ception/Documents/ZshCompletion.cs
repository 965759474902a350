using System.Text;

namespace Containerception.Cli;

/// <summary>Completions for zsh.</summary>
internal static class ZshCompletion
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append($"#compdef {Program.Name}\n_{Program.Name}() {{\n    local context state line\n    _arguments -C \\\n");
        text.Append(Specifications(GlobalFlags.All, "        "));
        text.Append("        '1:command:->verb' \\\n        '*::argument:->arguments'\n    case $state in\n        verb)\n            local -a verbs=(\n");
        foreach (Verb verb in Shown())
        {
            text.Append($"                '{verb.Name}:{Quoted(verb.Summary)}'\n");
        }

        text.Append("            )\n            _describe command verbs ;;\n        arguments)\n            case $line[1] in\n");
        foreach (Verb verb in Shown())
        {
            string list = $"container:($({Program.Name} list -q 2>/dev/null))";
            string ids = verb.Actions.Length > 0 ? $"'1:action:({string.Join(' ', verb.Actions)})' '2:{list}' '*:file:_files'"
                : verb.TakesContainer ? $"'1:{list}' '*::command:_normal'" : "'*:file:_files'";
            text.Append($"                {verb.Name}) _arguments \\\n{Specifications(HelpText.Visible(verb), "                    ")}                    {ids} ;;\n");
        }

        text.Append($"            esac ;;\n    esac\n}}\n_{Program.Name} \"$@\"\n");
        return text.ToString();
    }

    private static IEnumerable<Verb> Shown() => Verbs.All.Where(verb => !verb.Hidden);

    private static string Specifications(IEnumerable<Flag> flags, string indent)
    {
        StringBuilder text = new();
        foreach (Flag flag in flags)
        {
            string value = !flag.TakesValue ? "" : flag.Choices is { } words ? $":value:({string.Join(' ', words)})" : flag.IsPath ? ":file:_files" : ":value:";
            foreach (string name in flag.Names)
            {
                text.Append($"{indent}'{(flag.Kind == FlagKind.Texts ? "*" : "")}{Flag.Dashed(name)}[{Quoted(flag.Help)}]{value}' \\\n");
            }
        }

        return text.ToString();
    }

    private static string Quoted(string text) => text.Replace("'", "'\\''", StringComparison.Ordinal)
        .Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);
}
