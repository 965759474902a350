using System.CommandLine;
using System.Globalization;
using Containerception.Supervision;

namespace Containerception.Cdock;

/// <summary>The <c>--health-*</c> flags.</summary>
internal sealed class HealthReader(RunOptions options, ParseResult parsed)
{
    /// <exception cref="UsageException">Flags that make no sense.</exception>
    public HealthPlan? Read()
    {
        string? command = parsed.GetValue(options.HealthCommand);
        Option? other = new Option[] { options.HealthInterval, options.HealthTimeout, options.HealthRetries, options.HealthStartPeriod, options.HealthStartInterval }
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (parsed.GetValue(options.NoHealthCheck))
        {
            return command is null && other is null ? null : throw new UsageException("--no-healthcheck conflicts with --health-* options");
        }

        if (command is null or "")
        {
            return other is null ? null : throw new UsageException($"{other.Name} needs --health-cmd");
        }

        return new HealthPlan
        {
            Command = ["/bin/sh", "-c", command],
            Interval = Time(options.HealthInterval, HealthPlan.IntervalDefault),
            Timeout = Time(options.HealthTimeout, HealthPlan.IntervalDefault),
            StartPeriod = Time(options.HealthStartPeriod, TimeSpan.Zero),
            StartInterval = Time(options.HealthStartInterval, TimeSpan.FromSeconds(5)),
            Retries = Retries(),
        };
    }

    private TimeSpan Time(Option<string> option, TimeSpan otherwise)
    {
        TimeSpan time = parsed.GetValue(option) is string text ? Times.ParseDuration(text, option.Name) : otherwise;
        return time == TimeSpan.Zero ? otherwise
            : time >= TimeSpan.FromMilliseconds(1) ? time
            : throw new UsageException($"{option.Name}: it cannot be less than 1ms");
    }

    private int Retries() => parsed.GetValue(options.HealthRetries) is not string text ? 3
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? Math.Max(number, 1)
        : throw new UsageException($"invalid value \"{text}\" for --health-retries: not a number");
}
