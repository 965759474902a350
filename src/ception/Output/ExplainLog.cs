using System.Globalization;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>The making of a container, for a reader: how long, what, then dimmed by which call and why.</summary>
internal static class ExplainLog
{
    private const string Dim = "\e[2m";
    private const string Plain = "\e[0m";
    private const string Margin = "            ";

    public static string Step(StepRecord step, bool isTerminal)
    {
        string time = step.Took.TotalMicroseconds.ToString("0", CultureInfo.InvariantCulture);
        return $"{time,7} µs  {step.Words}\n{Detail(step.Call, isTerminal)}{Detail(step.Why, isTerminal)}";
    }

    private static string Detail(string text, bool isTerminal)
        => text.Length == 0 ? "" : isTerminal ? $"{Margin}{Dim}{text}{Plain}\n" : $"{Margin}{text}\n";
}
