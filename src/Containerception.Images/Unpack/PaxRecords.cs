using System.Globalization;
using System.Text;

namespace Containerception.Images;

/// <summary>What an extended header says: records of <c>LENGTH KEY=VALUE\n</c>. pax(1), "pax Extended Header".</summary>
internal sealed class PaxRecords
{
    private const string AttributePrefix = "SCHILY.xattr.";
    private readonly Dictionary<string, byte[]> _values = [];
    private readonly List<SparsePart> _sparse = [];
    private long _sparseOffset = -1;

    /// <summary>The parts of a sparse file in GNU's pax formats 0.0 and 0.1.</summary>
    public IReadOnlyList<SparsePart> Parts => _sparse;

    public IReadOnlyList<(string Name, byte[] Value)> Attributes
        => [.. _values.Where(pair => pair.Key.StartsWith(AttributePrefix, StringComparison.Ordinal)).Select(pair => (pair.Key[AttributePrefix.Length..], pair.Value))];

    /// <summary>Adds the records of a header; a later one of the same name counts.</summary>
    public void Add(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            int blank = records.IndexOf((byte)' ');
            if (blank <= 0 || !int.TryParse(records[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out int length)
                || length <= blank + 1 || length > records.Length || records[length - 1] != '\n')
            {
                throw TarHeader.Broken("an extended header is damaged");
            }

            ReadOnlySpan<byte> record = records[(blank + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw TarHeader.Broken("an extended header has a record without a name");
            }

            Add(TarHeader.Text(record[..equals]), record[(equals + 1)..]);
            records = records[length..];
        }
    }

    /// <exception cref="ImageException">A NUL is in it: the kernel would read another name than was checked.</exception>
    public string? Text(string key)
        => !_values.TryGetValue(key, out byte[]? value) ? null
            : value.Contains((byte)0) ? throw TarHeader.Broken($"an extended header's {key} has a NUL inside")
            : TarHeader.Text(value);

    public long? Number(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw TarHeader.Broken($"an extended header's {key} is no number");
    }

    /// <summary>Seconds since 1970, with a fraction.</summary>
    public DateTimeOffset? Time(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        return decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            ? UnixTime.Of(seconds)
            : throw TarHeader.Broken($"an extended header's {key} is no time");
    }

    private void Add(string key, ReadOnlySpan<byte> value)
    {
        switch (key)
        {
            // 0.0: one record for each end of each part.
            case "GNU.sparse.offset":
                _sparseOffset = Whole(value);
                break;
            case "GNU.sparse.numbytes":
                AddPart(_sparseOffset, Whole(value));
                break;

            // 0.1: all of them in a list.
            case "GNU.sparse.map":
                string[] numbers = Encoding.ASCII.GetString(value).Split(',');
                for (int i = 0; i + 1 < numbers.Length; i += 2)
                {
                    AddPart(Whole(Encoding.ASCII.GetBytes(numbers[i])), Whole(Encoding.ASCII.GetBytes(numbers[i + 1])));
                }

                break;
            default:
                _values[key] = value.ToArray();
                break;
        }
    }

    private void AddPart(long offset, long length) => _sparse.Add(new SparsePart(offset, length));

    private static long Whole(ReadOnlySpan<byte> digits)
        => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw TarHeader.Broken("a sparse file's map is damaged");
}

/// <summary>Times of archives, which may be any number: those that no file system knows become the nearest that it does.</summary>
internal static class UnixTime
{
    private static readonly decimal Max = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    public static DateTimeOffset Of(decimal seconds)
    {
        decimal known = Math.Clamp(seconds, 0, Max);
        return DateTimeOffset.UnixEpoch.AddTicks((long)(known * TimeSpan.TicksPerSecond));
    }
}
