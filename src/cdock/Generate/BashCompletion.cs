using System.CommandLine;
using System.Text;

namespace Containerception.Cdock;

/// <summary>Completions for bash: verbs, their flags, and the names of containers.</summary>
internal static class BashCompletion
{
    private const string FirstPart = """
        # bash completion for cdock
        _cdock_names() { cdock ps "$@" --format json | sed 's/.*"Names":"\([^"]*\)".*/\1/'; }
        _cdock() {
            local current=${COMP_WORDS[COMP_CWORD]} words=
            case ${COMP_WORDS[COMP_CWORD-1]} in
                --rootfs|--bundle|--env-file) return ;;
            esac
            if [ "$COMP_CWORD" -eq 1 ]; then

        """;

    private const string LastPart = """
                esac
            fi
            mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        }
        complete -o default -F _cdock cdock

        """;

    public static string Write(RootCommand root)
    {
        StringBuilder text = new(FirstPart);
        text.Append($"        words='{string.Join(' ', Flags.Verbs(root).Select(verb => verb.Name))} --help'\n    else\n        case ${{COMP_WORDS[1]}} in\n");
        foreach (Command verb in Flags.Verbs(root))
        {
            text.Append($"            {verb.Name}) words='{string.Join(' ', Flags.Verbs(verb).Select(inner => inner.Name).Concat(Flags.Of(verb).SelectMany(Flags.Names)).Append("--help"))}'");
            text.Append(verb.Name switch
            {
                "run" => "; [[ $current == -* ]] || words=host",
                "exec" => "; [[ $current == -* ]] || words=$(_cdock_names)",
                "kill" or "rm" => "; [[ $current == -* ]] || words=$(_cdock_names -a)",
                _ => "",
            });
            text.Append(" ;;\n");
        }

        return text.Append(LastPart).ToString();
    }
}
