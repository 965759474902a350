namespace Containerception.Engine.Tests;

/// <summary>One system call of a run that strace(1) has seen, at which another run of the same line can be killed.</summary>
/// <param name="Name">The call.</param>
/// <param name="Ordinal">Which of this name it is, from 1: strace counts the calls of each name for itself.</param>
internal readonly record struct SystemCall(string Name, int Ordinal)
{
    /// <summary>What strace's <c>-e</c> takes.</summary>
    public string Kill => $"inject={Name}:signal=SIGKILL:when={Ordinal}";

    /// <summary>Every so manyeth of them.</summary>
    public static IEnumerable<SystemCall> Some(IEnumerable<SystemCall> calls, int stride) => calls.Skip(stride / 2).Where((_, i) => i % stride == 0);

    /// <summary>The calls of a trace, in order.</summary>
    public static SystemCall[] Read(string trace)
    {
        Dictionary<string, int> counts = [];
        List<SystemCall> calls = [];
        foreach (string line in File.ReadLines(trace))
        {
            int end = line.IndexOf('(', StringComparison.Ordinal);
            if (end > 0 && line[..end].All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
            {
                string name = line[..end];
                counts[name] = counts.GetValueOrDefault(name) + 1;
                calls.Add(new SystemCall(name, counts[name]));
            }
        }

        return [.. calls];
    }
}
