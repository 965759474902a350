using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Containerception.Oci;

/// <summary>Demands that several fields share. A text is built only when it is refused.</summary>
internal static class Require
{
    private const int QuotedLengthMax = 80;

    // CONFIG_NR_CPUS is at most 8192.
    private const int CpuMax = 8191;

    public static void That(bool holds, string field, [InterpolatedStringHandlerArgument(nameof(holds))] ref Refusal problem)
    {
        if (!holds)
        {
            throw new ConfigException(field, problem.ToString());
        }
    }

    public static void That(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref Refusal field, string problem)
    {
        if (!holds)
        {
            throw new ConfigException(field.ToString(), problem);
        }
    }

    public static void That(
        bool holds,
        [InterpolatedStringHandlerArgument(nameof(holds))] ref Refusal field,
        [InterpolatedStringHandlerArgument(nameof(holds))] ref Refusal problem)
    {
        if (!holds)
        {
            throw new ConfigException(field.ToString(), problem.ToString());
        }
    }

    public static void Absolute(string path, string field)
        => That(path.StartsWith('/'), field, $"must be an absolute path, not {Quote(path)}");

    public static void Absolute(ImmutableArray<string> paths, string field)
    {
        for (int i = 0; i < paths.Length; i++)
        {
            That(paths[i].StartsWith('/'), $"{field}[{i}]", $"must be an absolute path, not {Quote(paths[i])}");
        }
    }

    public static void Environment(ImmutableArray<string> variables, string field)
    {
        for (int i = 0; i < variables.Length; i++)
        {
            That(variables[i].IndexOf('=', StringComparison.Ordinal) > 0, $"{field}[{i}]", $"must be NAME=value, not {Quote(variables[i])}");
        }
    }

    /// <summary>cpuset(7)'s list format: <c>0-3,7</c>. Empty is as good as absent.</summary>
    public static void CpuList(string? list, string field, int max = CpuMax)
        => That(NumberList.TryParse(list, max, out _), field, $"must be a list like 0-3,7, not {Quote(list ?? "")}");

    /// <summary>In quotes, on one line, and not longer than a line.</summary>
    public static string Quote(string text)
    {
        string line = text.Length > QuotedLengthMax ? text[..QuotedLengthMax] + "…" : text;
        return $"\"{line.Replace("\n", "\\n", StringComparison.Ordinal)}\"";
    }
}

/// <summary>A text that is put together only if the condition before it does not hold.</summary>
[InterpolatedStringHandler]
internal ref struct Refusal
{
    private DefaultInterpolatedStringHandler _text;

    public Refusal(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        if (isWanted)
        {
            _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
        }
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted(string? value) => _text.AppendFormatted(value);

    public void AppendFormatted(long value) => _text.AppendFormatted(value);

    public void AppendFormatted(ulong value) => _text.AppendFormatted(value);

    public override readonly string ToString() => _text.ToString();
}
