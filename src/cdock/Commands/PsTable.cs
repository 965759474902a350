using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>The shapes in which <c>cdock ps</c> shows containers: docker's, so that scripts for it work.</summary>
internal sealed class PsTable(DateTimeOffset now, bool full)
{
    private const int ShortIdLength = 12;
    private const int CommandLengthMax = 20;
    private const int Gap = 3;

    private static readonly string[] Headings = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];

    public string Ids(IEnumerable<ContainerInfo> containers) => string.Concat(containers.Select(one => Id(one) + "\n"));

    public string Text(IEnumerable<ContainerInfo> containers)
    {
        List<string[]> rows = [Headings, .. containers.Select(Row)];
        int[] widths = [.. Enumerable.Range(0, Headings.Length).Select(column => rows.Max(row => row[column].Length) + Gap)];
        StringBuilder text = new();
        foreach (string[] row in rows)
        {
            text.Append(string.Concat(row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    public string Json(IEnumerable<ContainerInfo> containers)
    {
        StringBuilder text = new();
        foreach (ContainerInfo one in containers)
        {
            ArrayBufferWriter<byte> line = new();
            using (Utf8JsonWriter json = new(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                string[] cells = Row(one);
                json.WriteStartObject();
                json.WriteString("Command", cells[2]);
                json.WriteString("CreatedAt", one.Created.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture));
                json.WriteString("ID", cells[0]);
                json.WriteString("Image", one.Image);
                json.WriteString("Labels", string.Join(',', one.Labels.Select(label => $"{label.Key}={label.Value}")));
                json.WriteString("Names", one.Name);
                json.WriteString("Ports", "");
                json.WriteString("RunningFor", cells[3]);
                json.WriteString("State", one.State.ToString().ToLowerInvariant());
                json.WriteString("Status", cells[4]);
                json.WriteEndObject();
            }

            text.Append(Encoding.UTF8.GetString(line.WrittenSpan)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>docker's words for a length of time.</summary>
    public static string Ago(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => "Less than a second",
        { TotalSeconds: < 2 } => "1 second",
        { TotalSeconds: < 60 } => $"{(int)time.TotalSeconds} seconds",
        { TotalMinutes: < 2 } => "About a minute",
        { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} minutes",
        { TotalHours: < 2 } => "About an hour",
        { TotalHours: < 48 } => $"{(int)time.TotalHours} hours",
        { TotalDays: < 14 } => $"{(int)time.TotalDays} days",
        { TotalDays: < 60 } => $"{(int)(time.TotalDays / 7)} weeks",
        { TotalDays: < 730 } => $"{(int)(time.TotalDays / 30)} months",
        _ => $"{(int)(time.TotalDays / 365)} years",
    };

    private string[] Row(ContainerInfo one) =>
    [
        Id(one), one.Image, Command(one), $"{Ago(now - one.Created)} ago", Status(one), "", one.Name,
    ];

    private string Id(ContainerInfo one) => full ? one.Id : one.Id[..ShortIdLength];

    private string Command(ContainerInfo one)
    {
        string text = string.Join(' ', one.Command);
        return $"\"{(full || text.Length <= CommandLengthMax ? text : text[..(CommandLengthMax - 1)] + "…")}\"";
    }

    private string Status(ContainerInfo one) => one.State switch
    {
        ContainerState.Created => "Created",
        ContainerState.Running => $"Up {Ago(now - one.Started!.Value)}",
        ContainerState.Exited => $"Exited ({one.ExitCode}) {Ago(now - one.Finished!.Value)} ago",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
