using System.CommandLine;
using System.Text;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock top</c>: the processes of a container.</summary>
internal static class TopCommand
{
    private const int ColumnWidth = 20;

    public static Command Create(Output output)
    {
        Argument<string[]> words = new("CONTAINER")
        {
            Description = "The container's name or id; then options of ps(1), in place of -ef",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = new("top", "List the processes of a container") { words };
        command.SetAction(parsed =>
        {
            string[] given = parsed.GetValue(words) ?? [];
            if (given.Length == 0)
            {
                throw new UsageException("top needs a container");
            }

            output.Standard.Write(Table(ContainerEngine.Open(new EngineOptions()).Processes(given[0], given[1..])));
            return ExitCode.Success;
        });
        return command;
    }

    // docker's columns: each twenty wide, or three wider than its widest word; the last takes what is left of a line.
    private static string Table(IReadOnlyList<string> lines)
    {
        int columns = lines.Count == 0 ? 0 : Words(lines[0]).Length;
        string[][] rows = [.. lines.Select(line => Cells(line, columns))];
        StringBuilder text = new();
        int[] widths = [.. Enumerable.Range(0, columns).Select(column => Math.Max(ColumnWidth, rows.Max(row => column < row.Length ? row[column].Length : 0) + 3))];
        foreach (string[] row in rows)
        {
            text.Append(string.Concat(row.Select((cell, column) => column < columns - 1 ? cell.PadRight(widths[column]) : cell))).Append('\n');
        }

        return text.ToString();
    }

    private static string[] Cells(string line, int columns)
    {
        string[] words = Words(line);
        return words.Length <= columns ? words : [.. words[..(columns - 1)], string.Join(' ', words[(columns - 1)..])];
    }

    private static string[] Words(string line) => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
