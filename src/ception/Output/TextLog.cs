using System.Globalization;
using System.Text;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>logrus's text format, which the readers of runc's logs know.</summary>
internal static class TextLog
{
    private const string Red = "\e[31m";
    private const string Gray = "\e[37m";
    private const string Plain = "\e[0m";

    public static string Error(DateTimeOffset now, string message, string? hint, bool hintOnItsOwnLine)
        => hint is null || hintOnItsOwnLine
            ? $"{Head(now, "error", message)}\n{HintLine(hint)}"
            : $"{Head(now, "error", message)} hint={Value(hint)}\n";

    public static string Warning(DateTimeOffset now, string message) => Head(now, "warning", message) + "\n";

    public static string ErrorOnTerminal(TimeSpan since, string message, string? hint)
        => $"{Red}ERRO{Plain}[{Seconds(since)}] {Printable(message)}\n{HintLine(hint)}";

    /// <summary>On one line, without what a terminal would obey: a message may quote what an image says.</summary>
    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.AsSpan().ContainsAnyInRange('\x7f', '\x9f'))
        {
            return text;
        }

        StringBuilder printable = new(text.Length);
        foreach (char letter in text)
        {
            _ = char.IsControl(letter) ? printable.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}") : printable.Append(letter);
        }

        return printable.ToString();
    }

    public static string Step(DateTimeOffset now, StepRecord step) => $"{Head(now, "debug", step.Words)} {Fields(step)}\n";

    public static string StepOnTerminal(TimeSpan since, StepRecord step)
        => $"{Gray}DEBU{Plain}[{Seconds(since)}] {step.Words,-44} {Fields(step)}\n";

    /// <summary>RFC 3339 in UTC, to the second.</summary>
    public static string Time(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Microseconds(TimeSpan time) => time.TotalMicroseconds.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Head(DateTimeOffset now, string level, string message)
        => $"time=\"{Time(now)}\" level={level} msg={Value(message)}";

    private static string HintLine(string? hint) => hint is null ? "" : $"hint: {Printable(hint)}\n";

    private static string Fields(StepRecord step)
        => $"call={Value(step.Call)} step={Value(step.Name)} us={Microseconds(step.Took)} why={Value(step.Why)}";

    private static string Seconds(TimeSpan since) => ((int)since.TotalSeconds).ToString("0000", CultureInfo.InvariantCulture);

    // logrus leaves these letters bare and writes all else as Go's %q does.
    private static string Value(string text)
    {
        bool bare = text.Length > 0;
        foreach (char letter in text)
        {
            bare &= char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or '/' or '@' or '^' or '+';
        }

        return bare ? text : Quoted(text);
    }

    private static string Quoted(string text)
    {
        StringBuilder quoted = new("\"", text.Length + 16);
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or (>= '\x7f' and <= '\x9f') => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)letter:x2}"),
                _ => quoted.Append(letter),
            };
        }

        return quoted.Append('"').ToString();
    }
}
