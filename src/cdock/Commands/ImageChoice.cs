using System.Globalization;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary>Which images a list is to have: docker's filters.</summary>
internal sealed class ImageChoice
{
    public static readonly string[] Known = ["before", "dangling", "label", "reference", "since", "until"];
    public static readonly string[] KnownToPrune = ["dangling", "label", "label!", "until"];

    private readonly ImageStore _store;
    private readonly Filters _filters;
    private readonly DateTimeOffset? _before;
    private readonly DateTimeOffset? _since;
    private readonly NamePattern[] _references;

    public ImageChoice(ImageStore store, Filters filters, DateTimeOffset now)
    {
        (_store, _filters) = (store, filters);
        _before = filters.Has("before") ? filters.Values("before").Min(name => store.Get(name).Created) : null;
        _since = filters.Has("since") ? filters.Values("since").Max(name => store.Get(name).Created) : null;
        _references = [.. filters.Values("reference").Select(pattern => new NamePattern(pattern))];
        Dangling = filters.Has("dangling") ? filters.Values("dangling").All(value => Truth.Of(value, "dangling")) : null;
        Until = filters.Has("until") ? filters.Values("until").Min(text => Moment(text, now)) : null;
    }

    /// <summary>Whether only those without a tag, or those with one, are wanted; null: both.</summary>
    public bool? Dangling { get; }

    private DateTimeOffset? Until { get; }

    public bool Has(StoredImage image)
        => (Dangling is null || image.IsDangling == Dangling)
            && (_before is null || image.Created < _before)
            && (_since is null || image.Created > _since)
            && (Until is null || image.Created < Until)
            && (_references.Length == 0 || image.Names.Any(name => IsShown(name.Reference)))
            && HasLabels(image);

    /// <summary>Whether a name is one of those that are looked for.</summary>
    public bool IsShown(ImageReference name) => _references.Length == 0 || _references.Any(pattern => pattern.Matches(name));

    private bool HasLabels(StoredImage image)
    {
        if (!_filters.Has("label") && !_filters.Has("label!"))
        {
            return true;
        }

        IReadOnlyDictionary<string, string> labels = _store.ReadConfig(image.Id).Process.Labels;
        return _filters.MatchLabels(labels) && !_filters.Values("label!").Any(text => Filters.HasLabel(labels, text));
    }

    /// <summary>A time, or so long ago: <c>24h</c>, <c>1h30m</c>.</summary>
    private static DateTimeOffset Moment(string text, DateTimeOffset now)
    {
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time) && text.Contains('-', StringComparison.Ordinal))
        {
            return time;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
        {
            return DateTimeOffset.FromUnixTimeSeconds(seconds);
        }

        TimeSpan sum = TimeSpan.Zero;
        string rest = text;
        while (rest.Length > 0)
        {
            int digits = rest.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
            string unit = string.Concat(rest.Skip(digits).TakeWhile(char.IsAsciiLetter));
            double? unitSeconds = unit switch { "h" => 3600, "m" => 60, "s" => 1, _ => null };
            if (unitSeconds is not double factor || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                throw Filters.Refused($"until={text}", "use a time, or how long ago: 24h, 1h30m");
            }

            sum += TimeSpan.FromSeconds(number * factor);
            rest = rest[(digits + unit.Length)..];
        }

        return now - sum;
    }
}
