using System.Text;

namespace Containerception.Cli;

/// <summary>Completions for fish.</summary>
internal static class FishCompletion
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append($"complete -c {Program.Name} -f\n");
        Append(text, "__fish_use_subcommand", GlobalFlags.All);
        foreach (Verb verb in Verbs.All.Where(verb => !verb.Hidden))
        {
            text.Append($"complete -c {Program.Name} -n __fish_use_subcommand -a {verb.Name} -d '{Quoted(verb.Summary)}'\n");
            string seen = $"'__fish_seen_subcommand_from {verb.Name}'";
            Append(text, seen, HelpText.Visible(verb));
            if (verb.Actions.Length > 0)
            {
                text.Append($"complete -c {Program.Name} -n {seen} -F -a '{string.Join(' ', verb.Actions)}'\n");
            }

            if (verb.TakesContainer)
            {
                text.Append($"complete -c {Program.Name} -n {seen} -a '({Program.Name} list -q 2>/dev/null)'\n");
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string condition, IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags)
        {
            string names = string.Join(' ', flag.Names.Select(name => name.Length == 1 ? $"-s {name}" : $"-l {name}"));
            string value = !flag.TakesValue ? "" : flag.Choices is { } words ? $" -x -a '{string.Join(' ', words)}'" : flag.IsPath ? " -r -F" : " -x";
            text.Append($"complete -c {Program.Name} -n {condition} {names}{value} -d '{Quoted(flag.Help)}'\n");
        }
    }

    private static string Quoted(string text) => text.Replace("'", "\\'", StringComparison.Ordinal);
}
