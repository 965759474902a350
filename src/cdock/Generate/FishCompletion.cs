using System.CommandLine;
using System.Text;

namespace Containerception.Cdock;

/// <summary>Completions for fish, one line a flag.</summary>
internal static class FishCompletion
{
    private const string FirstPart = """
        complete -c cdock -f
        function __cdock_names
            cdock ps -a --format json | string replace -r '.*"Names":"([^"]*)".*' '$1'
        end

        """;

    public static string Write(RootCommand root)
    {
        StringBuilder text = new(FirstPart);
        foreach (Command verb in Flags.Verbs(root))
        {
            text.Append($"complete -c cdock -n __fish_use_subcommand -a {verb.Name} -d '{Quoted(verb.Description ?? "")}'\n");
            string where = $"complete -c cdock -n '__fish_seen_subcommand_from {verb.Name}'";
            foreach (Option option in Flags.Of(verb))
            {
                string flags = string.Join(' ', Flags.Names(option).Select(name => name.Length == 2 ? $"-s {name[1]}" : $"-l {name[2..]}"));
                text.Append($"{where} {flags}{(Flags.Value(option) is null ? "" : " -r")} -d '{Quoted(option.Description ?? "")}'\n");
            }

            text.Append(verb.Name switch
            {
                "run" => $"{where} -a host\n",
                "exec" or "kill" or "rm" => $"{where} -a '(__cdock_names)'\n",
                _ when verb.Subcommands.Count > 0 => $"{where} -a '{string.Join(' ', Flags.Verbs(verb).Select(inner => inner.Name))}'\n",
                _ => "",
            });
        }

        return text.ToString();
    }

    private static string Quoted(string text) => text.Replace("'", "\\'", StringComparison.Ordinal);
}
