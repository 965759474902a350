using System.CommandLine;
using System.Text;

namespace Containerception.Cdock;

/// <summary>Completions for zsh, in _arguments' words.</summary>
internal static class ZshCompletion
{
    private const string FirstPart = """
        #compdef cdock
        _cdock_containers() {
            local -a names
            names=(${(f)"$(cdock ps -a --format json | sed 's/.*"Names":"\([^"]*\)".*/\1/')"})
            compadd -a names
        }
        _cdock() {
            local -a verbs
            verbs=(

        """;

    private const string MiddlePart = """
            )
            if (( CURRENT == 2 )); then
                _describe command verbs
                return
            fi
            local verb=$words[2]
            shift words
            (( CURRENT-- ))
            case $verb in

        """;

    public static string Write(RootCommand root)
    {
        StringBuilder text = new(FirstPart);
        foreach (Command verb in Flags.Verbs(root))
        {
            text.Append($"        '{verb.Name}:{Quoted(verb.Description ?? "")}'\n");
        }

        text.Append(MiddlePart);
        foreach (Command verb in Flags.Verbs(root))
        {
            text.Append($"        {verb.Name})\n            _arguments -S \\\n");
            foreach (Option option in Flags.Of(verb))
            {
                text.AppendJoin("", Flags.Names(option).Select(name => $"                {Argument(option, name)} \\\n"));
            }

            text.Append(verb.Name switch
            {
                "run" => "                '1:ROOT:(host)' '*::command:_normal'",
                "exec" => "                '1:container:_cdock_containers' '*::command:_normal'",
                "kill" or "rm" => "                '*:container:_cdock_containers'",
                _ when verb.Subcommands.Count > 0 => $"                '1:command:({string.Join(' ', Flags.Verbs(verb).Select(inner => inner.Name))})'",
                _ => "                '--help[Show help]'",
            });
            text.Append("\n            ;;\n");
        }

        return text.Append("    esac\n}\n_cdock \"$@\"\n").ToString();
    }

    private static string Argument(Option option, string name)
    {
        string again = option.ValueType == typeof(string[]) ? "*" : "";
        string value = Flags.Value(option) is string word ? $":{Quoted(word)}:_default" : "";
        return $"'{again}{name}[{Quoted(option.Description ?? "")}]{value}'";
    }

    private static string Quoted(string text)
        => text.Replace("'", "'\\''", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal)
            .Replace("]", "\\]", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);
}
