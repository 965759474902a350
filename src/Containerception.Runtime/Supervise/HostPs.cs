using System.Collections;
using System.Globalization;
using System.Text;

namespace Containerception.Runtime;

/// <summary>The host's ps, cut to the processes of a container.</summary>
internal static class HostPs
{
    // A line is under 200 bytes as a rule; a host has up to some ten thousand processes.
    private const int TableBytesMax = 16 << 20;

    /// <summary>The head, and the lines of these processes.</summary>
    public static string Table(IReadOnlyList<int> pids, IReadOnlyList<string> options)
        => Cut(Run(options.Count == 0 ? ["-ef"] : options), [.. pids]);

    /// <exception cref="ContainerException">There is no column of process ids.</exception>
    internal static string Cut(string table, SortedSet<int> pids)
    {
        string[] lines = table.Split('\n');
        int column = Array.IndexOf(lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), "PID");
        if (column < 0)
        {
            throw new ContainerException(FailureKind.Invalid, "couldn't find PID field in ps output", "with -o, ask for pid as well");
        }

        StringBuilder cut = new();
        Append(cut, lines[0]);
        foreach (string line in lines.Skip(1))
        {
            string[] fields = line.Split(' ', column + 2, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > column && int.TryParse(fields[column], NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pids.Contains(pid))
            {
                Append(cut, line);
            }
        }

        return cut.ToString();
    }

    private static string Run(IReadOnlyList<string> options)
    {
        List<string> environment = [];
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment.Add($"{variable.Key}={variable.Value}");
        }

        string program = ProcessEnvironment.Candidates("ps", environment).Find(File.Exists)
            ?? throw new ContainerException(FailureKind.System, "exec: \"ps\": executable file not found in $PATH", "install procps, or ask for --format json");
        (int status, string output) = Spawner.Run(program, ["ps", .. options], environment, input: null, timeout: null, TableBytesMax);
        return status == 0 ? output : throw new ContainerException(FailureKind.Invalid, $"exit status {status}: {output.Trim().ReplaceLineEndings(" ")}");
    }

    // The command is the container's word: it must not drive the caller's terminal.
    private static void Append(StringBuilder table, string line)
    {
        foreach (char letter in line)
        {
            table.Append(char.IsControl(letter) && letter != '\t' ? '?' : letter);
        }

        table.Append('\n');
    }
}
