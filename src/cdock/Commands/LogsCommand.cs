using System.CommandLine;
using System.Globalization;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock logs</c>: what a container's program wrote, each stream to its own.</summary>
internal static class LogsCommand
{
    public static Command Create(Output output)
    {
        Option<bool> follow = new("--follow", "-f") { Description = "Go on until the container ends" };
        Option<string> tail = new("--tail", "-n") { Description = "So many lines from the end (default: all)", HelpName = "NUMBER" };
        Option<string> since = new("--since") { Description = "Not what is older: a time, or 10m", HelpName = "TIME" };
        Option<string> until = new("--until") { Description = "Not what is newer: a time, or 10m", HelpName = "TIME" };
        Option<bool> timestamps = new("--timestamps", "-t") { Description = "The time before each line" };
        Option<bool> details = new("--details") { Description = "What was noted beside each line: --log-opt labels=…, env=…" };
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Command command = new("logs", "Print what a container's program wrote") { follow, tail, since, until, timestamps, details, container };
        command.SetAction(parsed =>
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            LogsRequest request = new()
            {
                Follow = parsed.GetValue(follow),
                Tail = ReadTail(parsed.GetValue(tail)),
                Since = parsed.GetValue(since) is string from ? Times.ParseMoment(from, now, "--since") : null,
                Until = parsed.GetValue(until) is string to ? Times.ParseMoment(to, now, "--until") : null,
            };
            bool shows = parsed.GetValue(timestamps);
            foreach (LogLine line in ContainerEngine.Open(new EngineOptions()).Logs(parsed.GetValue(container)!, request))
            {
                string time = shows ? line.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z '", CultureInfo.InvariantCulture) : "";
                string notes = parsed.GetValue(details) ? string.Join(',', line.Attributes.Select(pair => $"{Escaped(pair.Key)}={Escaped(pair.Value)}")) + " " : "";
                (line.IsError ? output.Error : output.Standard).Write(time + notes + line.Text);
            }

            return ExitCode.Success;
        });
        return command;
    }

    // As in a URL's query, where a blank is a plus.
    private static string Escaped(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static int? ReadTail(string? text) => text switch
    {
        null or "all" => null,
        _ when int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int count) => count < 0 ? null : count,
        _ => throw new UsageException($"invalid value \"{text}\" for --tail: not a number"),
    };
}
