using System.Collections.Immutable;
using System.Text.Json;

namespace Containerception.Supervision;

/// <summary>How it is found out whether a container's program does its work: docker's health check.</summary>
public sealed record HealthPlan
{
    /// <summary>docker's interval, and its timeout.</summary>
    public static TimeSpan IntervalDefault { get; } = TimeSpan.FromSeconds(30);

    /// <summary>What is run in the container: 0 is healthy.</summary>
    public required ImmutableArray<string> Command { get; init; }

    /// <summary>From the end of one check to the next.</summary>
    public TimeSpan Interval { get; init; } = IntervalDefault;

    /// <summary>After which a check is killed and counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = IntervalDefault;

    /// <summary>For so long after the start failures do not count.</summary>
    public TimeSpan StartPeriod { get; init; }

    /// <summary>The interval during that time.</summary>
    public TimeSpan StartInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>So many failures in a row make it unhealthy.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>As the member <c>health</c> of an object. Times are ticks of 100 ns.</summary>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject("health");
        json.WriteTexts("command", Command);
        json.WriteNumber("interval", Interval.Ticks);
        json.WriteNumber("timeout", Timeout.Ticks);
        json.WriteNumber("startPeriod", StartPeriod.Ticks);
        json.WriteNumber("startInterval", StartInterval.Ticks);
        json.WriteNumber("retries", Retries);
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static HealthPlan Read(JsonElement health) => new()
    {
        Command = health.GetProperty("command").Texts(),
        Interval = new TimeSpan(health.GetProperty("interval").GetInt64()),
        Timeout = new TimeSpan(health.GetProperty("timeout").GetInt64()),
        StartPeriod = new TimeSpan(health.GetProperty("startPeriod").GetInt64()),
        StartInterval = new TimeSpan(health.GetProperty("startInterval").GetInt64()),
        Retries = health.GetProperty("retries").GetInt32(),
    };
}

/// <summary>One health check that was made.</summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ended.</param>
/// <param name="ExitCode">0 is healthy, -1 was killed because of its timeout.</param>
/// <param name="Output">The first 4096 bytes of what it wrote.</param>
public sealed record HealthResult(DateTimeOffset Start, DateTimeOffset End, int ExitCode, string Output);

/// <summary>What is known of a container's health.</summary>
public sealed record HealthReport
{
    /// <summary><c>starting</c>, <c>healthy</c> or <c>unhealthy</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Failures since the last success.</summary>
    public int FailingStreak { get; init; }

    /// <summary>The last five checks, the newest last.</summary>
    public ImmutableArray<HealthResult> Log { get; init; } = [];
}
