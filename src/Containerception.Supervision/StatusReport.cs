using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Supervision;

/// <summary><c>status.json</c>: what a container's supervisor says of it. Whether the supervisor still lives, the lock on the directory tells.</summary>
public sealed record StatusReport
{
    /// <summary>In the container's directory.</summary>
    public const string FileName = "status.json";

    private const int BytesMax = 1 << 20;

    /// <summary><c>running</c>, <c>paused</c>, <c>restarting</c> or <c>exited</c>.</summary>
    public required string State { get; init; }

    /// <summary>The program's pid; 0 while there is none.</summary>
    public int Pid { get; init; }

    /// <summary>When it was last started.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it last ended; null before it has.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>How it last ended: 128 + signal for a signal.</summary>
    public int ExitCode { get; init; }

    /// <summary>The signal that ended it; 0 for none.</summary>
    public int Signal { get; init; }

    /// <summary>How many of its processes the kernel killed for lack of memory, as its cgroup counted.</summary>
    public long OomKills { get; init; }

    /// <summary>Why it ended, or was not started, where more is known than the exit code says.</summary>
    public string? Reason { get; init; }

    /// <summary>How often the policy started it again.</summary>
    public int RestartCount { get; init; }

    /// <summary>Somebody ended it on purpose: no policy starts it again.</summary>
    public bool WasStopped { get; init; }

    /// <summary>Null without health checks.</summary>
    public HealthReport? Health { get; init; }

    /// <summary>/proc/sys/kernel/random/boot_id of when this was written: after a reboot nothing of it runs.</summary>
    public string BootId { get; init; } = "";

    /// <summary>This boot's.</summary>
    public static string CurrentBootId() => FileContents.ReadText(Descriptor.WorkingDirectory, "/proc/sys/kernel/random/boot_id", 64).TrimEnd('\n');

    /// <summary>The report in a container's directory; null before there is one, or when it was torn by a loss of power.</summary>
    public static StatusReport? TryRead(string directory)
    {
        byte[] content;
        try
        {
            using SafeFileHandle file = Files.Open(Path.Join(directory, FileName), OpenFlags.O_RDONLY);
            content = FileContents.ReadAll(file, BytesMax);
        }
        catch (LinuxException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }

        try
        {
            return Read(content);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes the report beside the old one and renames it: a reader sees either.</summary>
    public void Write(string directory)
    {
        string path = Path.Join(directory, FileName);
        string next = path + ".next";
        using (SafeFileHandle file = Files.Open(
            next, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, UnixFileMode.UserRead | UnixFileMode.UserWrite))
        {
            FileContents.WriteAll(file, ToJson());
        }

        Files.RenameAt2(Descriptor.WorkingDirectory, next, Descriptor.WorkingDirectory, path);
    }

    private byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString("state", State);
            json.WriteNumber("pid", Pid);
            WriteTime(json, "started", Started);
            WriteTime(json, "finished", Finished);
            json.WriteNumber("exitCode", ExitCode);
            json.WriteNumber("signal", Signal);
            json.WriteNumber("oomKills", OomKills);
            json.WriteString("reason", Reason);
            json.WriteNumber("restartCount", RestartCount);
            json.WriteBoolean("wasStopped", WasStopped);
            json.WriteString("bootId", BootId);
            if (Health is not null)
            {
                WriteHealth(json, Health);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static StatusReport Read(byte[] document) => JsonTexts.Guard(FileName, () =>
    {
        using JsonDocument json = JsonDocument.Parse(document);
        JsonElement root = json.RootElement;
        return new StatusReport
        {
            State = root.Text("state"),
            Pid = root.GetProperty("pid").GetInt32(),
            Started = Time(root, "started"),
            Finished = Time(root, "finished"),
            ExitCode = root.GetProperty("exitCode").GetInt32(),
            Signal = root.GetProperty("signal").GetInt32(),
            OomKills = root.GetProperty("oomKills").GetInt64(),
            Reason = root.GetProperty("reason").GetString(),
            RestartCount = root.GetProperty("restartCount").GetInt32(),
            WasStopped = root.Flag("wasStopped"),
            BootId = root.Text("bootId"),
            Health = root.TryGetProperty("health", out JsonElement health) ? ReadHealth(health) : null,
        };
    });

    private static void WriteHealth(Utf8JsonWriter json, HealthReport health)
    {
        json.WriteStartObject("health");
        json.WriteString("status", health.Status);
        json.WriteNumber("failingStreak", health.FailingStreak);
        json.WriteStartArray("log");
        foreach (HealthResult result in health.Log)
        {
            json.WriteStartObject();
            json.WriteString("start", result.Start);
            json.WriteString("end", result.End);
            json.WriteNumber("exitCode", result.ExitCode);
            json.WriteString("output", result.Output);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static HealthReport ReadHealth(JsonElement health)
    {
        ImmutableArray<HealthResult>.Builder log = ImmutableArray.CreateBuilder<HealthResult>();
        foreach (JsonElement one in health.GetProperty("log").EnumerateArray())
        {
            log.Add(new HealthResult(
                one.GetProperty("start").GetDateTimeOffset(), one.GetProperty("end").GetDateTimeOffset(), one.GetProperty("exitCode").GetInt32(), one.Text("output")));
        }

        return new HealthReport { Status = health.Text("status"), FailingStreak = health.GetProperty("failingStreak").GetInt32(), Log = log.ToImmutable() };
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known);
        }
    }

    private static DateTimeOffset? Time(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement time) ? time.GetDateTimeOffset() : null;
}
