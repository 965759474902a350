using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>
/// Where failures are told and, with <c>--debug</c>, steps. At the default level a log holds nothing but the one error: podman
/// reads a JSON log as a single object.
/// </summary>
/// <param name="target">Where it is written.</param>
/// <param name="errors">Where failures are told as well, bare.</param>
/// <param name="steps">Where steps are told for readers, in place of <paramref name="target"/>.</param>
/// <param name="format">How <paramref name="target"/> is written.</param>
/// <param name="isDebug">Steps are told.</param>
/// <param name="clock">The clock.</param>
internal sealed class Log(Output target, Output? errors, Output? steps, LogFormat format, bool isDebug, TimeProvider clock)
{
    private readonly long _start = clock.GetTimestamp();

    /// <summary>Steps are wanted: asked for, or the format is made of them.</summary>
    public bool IsDebug { get; } = isDebug || format == LogFormat.Explain;

    /// <summary>Warnings are wanted.</summary>
    public bool Warns { get; set; } = true;

    public static Log ToStandardError(LogFormat format, bool isDebug, TimeProvider clock)
        => new(Output.Error, errors: null, steps: null, format, isDebug, clock);

    /// <summary>
    /// To a file; what goes wrong is told on standard error as well, bare, unless the caller tells it. The explanations for readers go to
    /// standard error, and only failures, as JSON, to the file.
    /// </summary>
    public static Log ToFile(string path, LogFormat format, bool isDebug, bool isAlone, TimeProvider clock)
        => format == LogFormat.Explain
            ? new(Output.Append(path), isAlone ? null : Output.Error, Output.Error, LogFormat.Json, isDebug: true, clock)
            : new(Output.Append(path), isAlone ? null : Output.Error, steps: null, format, isDebug, clock);

    public void Error(string message, string? hint)
    {
        DateTimeOffset now = clock.GetUtcNow();
        string bare = TextLog.Printable(message) + (hint is null ? "\n" : $"\nhint: {TextLog.Printable(hint)}\n");
        string line = format switch
        {
            LogFormat.Json => JsonLog.Error(now, message, hint),
            LogFormat.Explain => "ception: " + bare,
            _ when errors is null && target.IsTerminal => TextLog.ErrorOnTerminal(clock.GetElapsedTime(_start), message, hint),
            _ => TextLog.Error(now, message, hint, hintOnItsOwnLine: errors is null),
        };
        target.Write(line);
        errors?.Write(bare);
    }

    /// <summary>What went wrong without being a failure. Never in a JSON log, where it would be a second object.</summary>
    public void Warning(string message)
    {
        if (!Warns)
        {
            return;
        }

        if (format == LogFormat.Text)
        {
            target.Write(TextLog.Warning(clock.GetUtcNow(), message));
        }
        else
        {
            Output.Error.Write($"warning: {message}\n");
        }
    }

    public void Step(StepRecord step)
    {
        if (steps is not null)
        {
            steps.Write(ExplainLog.Step(step, steps.IsTerminal));
        }
        else
        {
            target.Write(Line(step));
        }
    }

    private string Line(StepRecord step) => format switch
    {
        LogFormat.Json => JsonLog.Step(clock.GetUtcNow(), step),
        LogFormat.Explain => ExplainLog.Step(step, target.IsTerminal),
        _ when target.IsTerminal => TextLog.StepOnTerminal(clock.GetElapsedTime(_start), step),
        _ => TextLog.Step(clock.GetUtcNow(), step),
    };
}

/// <summary>How a log is written.</summary>
internal enum LogFormat
{
    Text,
    Json,
    Explain,
}
