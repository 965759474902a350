using System.Text;

namespace Containerception.Cli;

/// <summary>Completions for bash: verbs, flags, and the ids of containers.</summary>
internal static class BashCompletion
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append($$"""
            # bash completion for {{Program.Name}}
            _{{Program.Name}}() {
                local word="${COMP_WORDS[COMP_CWORD]}" verb="" i
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "${COMP_WORDS[i]}" in
                        {{Alternatives(GlobalFlags.All)}}) ((i++)) ;;
                        -*) ;;
                        *) verb="${COMP_WORDS[i]}"; break ;;
                    esac
                done
                case "$verb:${COMP_WORDS[COMP_CWORD - 1]}" in

            """);
        AppendValues(text, "", GlobalFlags.All);
        foreach (Verb verb in Shown())
        {
            AppendValues(text, verb.Name, HelpText.Visible(verb));
        }

        text.Append("    esac\n    case \"$verb\" in\n");
        text.Append($"        \"\") COMPREPLY=($(compgen -W \"{Words(GlobalFlags.All)} {string.Join(' ', Shown().Select(verb => verb.Name))}\" -- \"$word\")) ;;\n");
        foreach (Verb verb in Shown())
        {
            string ids = verb.TakesContainer ? $" $({Program.Name} list -q 2>/dev/null)" : "";
            string actions = string.Concat(verb.Actions.Select(action => " " + action));
            text.Append($"        {verb.Name}) COMPREPLY=($(compgen -W \"{Words(HelpText.Visible(verb))}{actions}{ids}\" -- \"$word\")) ;;\n");
        }

        text.Append($"    esac\n}}\ncomplete -o default -F _{Program.Name} {Program.Name}\n");
        return text.ToString();
    }

    private static IEnumerable<Verb> Shown() => Verbs.All.Where(verb => !verb.Hidden);

    private static void AppendValues(StringBuilder text, string verb, IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags.Where(flag => flag.TakesValue))
        {
            string reply = flag.Choices is { } words ? $"-W \"{string.Join(' ', words)}\"" : flag.IsPath ? "-f" : "-W \"\"";
            string pattern = string.Join('|', flag.Names.Select(name => $"\"{verb}:{Flag.Dashed(name)}\""));
            text.Append($"        {pattern}) COMPREPLY=($(compgen {reply} -- \"$word\")); return ;;\n");
        }
    }

    private static string Alternatives(IEnumerable<Flag> flags)
        => string.Join('|', flags.Where(flag => flag.TakesValue).SelectMany(flag => flag.Names).Select(Flag.Dashed));

    private static string Words(IEnumerable<Flag> flags) => string.Join(' ', flags.SelectMany(flag => flag.Names).Select(Flag.Dashed));
}
