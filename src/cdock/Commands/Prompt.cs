using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary>Questions to who sits at standard input.</summary>
internal sealed class Prompt(TextWriter questions) : IDisposable
{
    private const int BytesMax = 64 * 1024;
    private readonly SafeFileHandle _input = Descriptors.Borrow(0);

    /// <summary>A line. Hidden, it does not show while it is typed.</summary>
    /// <exception cref="UsageException">Nobody sits there.</exception>
    public string Ask(string question, bool hidden)
    {
        if (!Terminals.IsTerminal(_input))
        {
            throw new UsageException("cannot ask for a user and a password: standard input is no terminal", "use --username and --password-stdin");
        }

        questions.Write(question);
        TerminalSettings before = hidden ? Terminals.HideInput(_input) : Terminals.GetSettings(_input);
        try
        {
            return ReadLine();
        }
        finally
        {
            Terminals.SetSettings(_input, before);
            if (hidden)
            {
                questions.Write("\n");
            }
        }
    }

    /// <summary>All there is, without the line's end.</summary>
    public string ReadAll() => Encoding.UTF8.GetString(FileContents.ReadAll(_input, BytesMax)).TrimEnd('\n').TrimEnd('\r');

    public void Dispose() => _input.Dispose();

    private string ReadLine()
    {
        List<byte> line = [];
        Span<byte> next = stackalloc byte[1];
        while (line.Count < BytesMax && FileContents.Read(_input, next) > 0 && next[0] != '\n')
        {
            line.Add(next[0]);
        }

        return Encoding.UTF8.GetString([.. line]);
    }
}
