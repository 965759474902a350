using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>Reads what a supervisor keeps of a program's words: <c>log</c>, and before it <c>log.1</c>, <c>log.2</c>, … where it was rotated.</summary>
internal sealed class LogFiles(string directory)
{
    private const string FileName = "log";
    private const int ReadBytes = 64 << 10;
    private const int LineBytesMax = 1 << 20;

    /// <summary>All lines that are there, the oldest first; then, when it is to be followed, those that come, until nobody writes any more.</summary>
    public IEnumerable<LogLine> Read(LogsRequest request)
    {
        // Before the first look: what comes between is told.
        using LogChanges? changes = request.Follow ? new LogChanges(directory) : null;
        IEnumerable<LogLine> past = Past(out Tailed? last);
        using Tailed? tail = last;
        foreach (LogLine line in Last(past.Concat(tail?.Lines() ?? []), request))
        {
            yield return line;
        }

        foreach (LogLine line in changes is null ? [] : Coming(changes, tail))
        {
            if (request.Until is { } until && line.Time > until)
            {
                yield break;
            }

            if (line.Time >= (request.Since ?? DateTimeOffset.MinValue))
            {
                yield return line;
            }
        }
    }

    private static IEnumerable<LogLine> Last(IEnumerable<LogLine> lines, LogsRequest request)
    {
        lines = lines.Where(line => line.Time >= (request.Since ?? DateTimeOffset.MinValue) && line.Time <= (request.Until ?? DateTimeOffset.MaxValue));
        return request.Tail is int count ? lines.TakeLast(count) : lines;
    }

    private IEnumerable<LogLine> Past(out Tailed? last)
    {
        // The newest first: if it is rotated meanwhile, what we have open is what we read.
        last = Tailed.TryOpen(Path.Join(directory, FileName));
        List<string> rotated = [];
        for (int number = 1; File.Exists(Name(number)); number++)
        {
            rotated.Insert(0, Name(number));
        }

        return rotated.SelectMany(WholeFile);
    }

    private static IEnumerable<LogLine> WholeFile(string path)
    {
        using Tailed? file = Tailed.TryOpen(path);
        foreach (LogLine line in file?.Lines() ?? [])
        {
            yield return line;
        }
    }

    private IEnumerable<LogLine> Coming(LogChanges changes, Tailed? file)
    {
        Tailed? current = file;
        try
        {
            while (true)
            {
                bool isOver = changes.IsOver();
                foreach (LogLine line in current?.Lines() ?? [])
                {
                    yield return line;
                }

                if (current is null || IsRotated(current))
                {
                    if (!ReferenceEquals(current, file))
                    {
                        current?.Dispose();
                    }

#pragma warning disable CA2000 // Disposed below, when its turn is over.
                    current = Tailed.TryOpen(Path.Join(directory, FileName));
#pragma warning restore CA2000
                    foreach (LogLine line in current?.Lines() ?? [])
                    {
                        yield return line;
                    }
                }

                if (isOver)
                {
                    yield break;
                }

                changes.Wait();
            }
        }
        finally
        {
            if (!ReferenceEquals(current, file))
            {
                current?.Dispose();
            }
        }
    }

    // Another file has the name, or the same was begun anew.
    private bool IsRotated(Tailed current)
        => current.Length < current.Read
            || FileStatuses.TryStatx(Descriptor.WorkingDirectory, Path.Join(directory, FileName), AtFlags.None)?.Inode is ulong inode && inode != current.Inode;

    private string Name(int number) => Path.Join(directory, string.Create(CultureInfo.InvariantCulture, $"{FileName}.{number}"));

    /// <summary>An open log, read as far as it goes.</summary>
    private sealed class Tailed(SafeFileHandle file) : IDisposable
    {
        private byte[] _rest = [];

        public ulong Inode { get; } = FileStatuses.Statx(file).Inode;

        public long Length => (long)FileStatuses.Statx(file).Size;

        public long Read { get; private set; }

        public static Tailed? TryOpen(string path)
        {
            SafeFileHandle? file = Files.TryOpenAt2(Descriptor.WorkingDirectory, path, OpenFlags.O_RDONLY, ResolveFlags.None);
            return file is null ? null : new Tailed(file);
        }

        public IEnumerable<LogLine> Lines()
        {
            byte[] buffer = new byte[ReadBytes];
            int count;
            while ((count = FileContents.Read(file, buffer)) > 0)
            {
                Read += count;
                byte[] bytes = [.. _rest, .. buffer.AsSpan(0, count)];
                int begin = 0;
                int newline;
                while ((newline = bytes.AsSpan(begin).IndexOf((byte)'\n')) >= 0)
                {
                    if (Parse(bytes.AsMemory(begin, newline)) is { } line)
                    {
                        yield return line;
                    }

                    begin += newline + 1;
                }

                _rest = bytes.Length - begin > LineBytesMax ? [] : bytes[begin..];
            }
        }

        public void Dispose() => file.Dispose();

        // A line that was torn by a loss of power is left out.
        private static LogLine? Parse(ReadOnlyMemory<byte> line)
        {
            try
            {
                using JsonDocument json = JsonDocument.Parse(line);
                return new LogLine(
                    json.RootElement.GetProperty("stream").ValueEquals("stderr"), json.RootElement.GetProperty("time").GetDateTimeOffset(),
                    json.RootElement.GetProperty("log").GetString() ?? "")
                {
                    Attributes = json.RootElement.TryGetProperty("attrs", out JsonElement attributes)
                        ? attributes.EnumerateObject().ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "", StringComparer.Ordinal)
                        : ImmutableSortedDictionary<string, string>.Empty,
                };
            }
            catch (Exception torn) when (torn is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                return null;
            }
        }
    }
}
