using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary>
/// How far the blobs of an image are: on a terminal a line each, which is written over; elsewhere a line for each step; or JSON, an object a line,
/// as docker's API has it; or nothing. Told from several threads.
/// </summary>
internal sealed class TransferLines : IDisposable
{
    private const int ShortLength = 12;
    private const int BarWidth = 50;
    private const int RoomForText = 60;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly TextWriter _to;
    private readonly SafeFileHandle? _terminal;
    private readonly bool _quiet;
    private readonly bool _json;
    private readonly Lock _lock = new();
    private readonly List<Digest> _blobs = [];
    private readonly Dictionary<Digest, string> _words = [];
    private long _drawn;

    private TransferLines(TextWriter to, SafeFileHandle? terminal, bool quiet, bool json) => (_to, _terminal, _quiet, _json) = (to, terminal, quiet, json);

    /// <param name="to">Where it is told.</param>
    /// <param name="file">The same; it may be a terminal.</param>
    /// <param name="quiet">Whether nothing is told at all.</param>
    /// <param name="shape"><c>plain</c>, <c>json</c>, or what fits where it is told.</param>
    /// <exception cref="UsageException">There is no such shape.</exception>
    public static TransferLines On(TextWriter to, SafeFileHandle file, bool quiet, string? shape = null)
    {
        if (shape is not (null or "auto" or "plain" or "json"))
        {
            throw new UsageException($"invalid value \"{shape}\" for --progress", "use auto, plain or json");
        }

        bool isTerminal = !quiet && shape is null or "auto" && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb") && Terminals.IsTerminal(file);
        if (isTerminal)
        {
            return new TransferLines(to, file, quiet, json: false);
        }

        file.Dispose();
        return new TransferLines(to, terminal: null, quiet, shape == "json");
    }

    public static Option<string> Option()
        => new("--progress") { Description = "How steps are told: auto, plain, or json (an object a line)", HelpName = "auto|plain|json" };

    public void Say(string line)
    {
        if (!_quiet)
        {
            Conclude(line);
        }
    }

    /// <summary>Says what was to be found out, even where nothing else is told.</summary>
    public void Conclude(string line)
        => _to.Write((_json ? JsonText.Line(new JsonObject { ["status"] = line }) : line) + "\n");

    /// <summary>Begins anew: with another image.</summary>
    public void End()
    {
        lock (_lock)
        {
            _blobs.Clear();
            _words.Clear();
        }
    }

    /// <summary>Tells what is being done with a blob.</summary>
    public void Tell(Digest blob, string words)
    {
        lock (_lock)
        {
            if (_quiet || (_words.TryGetValue(blob, out string? before) && before == words))
            {
                return;
            }

            _words[blob] = words;
            if (_terminal is not null && _blobs.Contains(blob))
            {
                Redraw(blob, words, bar: "");
                return;
            }

            _blobs.Add(blob);
            _to.Write((_json ? Json(blob, words, []) : $"{Short(blob)}: {words}") + "\n");
        }
    }

    /// <summary>Tells how far that is; where nothing can be written over it is not told.</summary>
    public void Tell(Digest blob, string words, long done, long size)
    {
        lock (_lock)
        {
            if (_quiet || !_blobs.Contains(blob) || Stopwatch.GetElapsedTime(_drawn) < Between)
            {
                return;
            }

            if (_terminal is not null)
            {
                _words[blob] = words;
                _drawn = Stopwatch.GetTimestamp();
                Redraw(blob, words, Bar(done, size, Terminals.GetSize(_terminal).Columns));
            }
            else if (_json)
            {
                _words[blob] = words;
                _drawn = Stopwatch.GetTimestamp();
                _to.Write(Json(blob, words, new JsonObject { ["current"] = done, ["total"] = size }) + "\n");
            }
        }
    }

    public void Dispose() => _terminal?.Dispose();

    /// <summary>Up to the blob's line, write it anew, and down again. What has scrolled out of sight stays as it was.</summary>
    private void Redraw(Digest blob, string words, string bar)
    {
        WindowSize size = Terminals.GetSize(_terminal!);
        int up = _blobs.Count - _blobs.IndexOf(blob);
        if (size.Rows == 0 || up < size.Rows)
        {
            string line = $"{Short(blob)}: {words}{bar}";
            _to.Write($"\e[{up}A\r\e[2K{(size.Columns > 0 && line.Length >= size.Columns ? line[..(size.Columns - 1)] : line)}\e[{up}B\r");
        }
    }

    private static string Bar(long done, long size, int columns)
    {
        string count = $"{Words.Size(done)}/{Words.Size(size)}";
        int full = (int)(Math.Min(done, size) * BarWidth / Math.Max(1, size));
        return columns is > 0 and < BarWidth + RoomForText ? $" {count}" : $" [{new string('=', full)}>{new string(' ', BarWidth - full)}] {count}";
    }

    private static string Json(Digest blob, string words, JsonObject detail)
        => JsonText.Line(new JsonObject { ["status"] = words, ["progressDetail"] = detail, ["id"] = Short(blob) });

    private static string Short(Digest digest) => digest.Hex[..ShortLength];
}
