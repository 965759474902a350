using System.Collections.Immutable;

namespace Containerception.Cdock;

/// <summary>The <c>--filter</c>s of one list: <c>name=value</c>. Of one name any may hold, of several names all must; labels must all hold.</summary>
internal sealed class Filters
{
    private readonly ImmutableArray<(string Name, string Value)> _all;

    private Filters(ImmutableArray<(string Name, string Value)> all) => _all = all;

    /// <exception cref="UsageException">No name and value, or a name that is not known.</exception>
    public static Filters Parse(string[]? texts, params string[] known)
    {
        ImmutableArray<(string Name, string Value)>.Builder all = ImmutableArray.CreateBuilder<(string Name, string Value)>();
        foreach (string text in texts ?? [])
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? text : text[..equals]).Trim().ToLowerInvariant();
            if (equals < 0)
            {
                throw new UsageException($"invalid argument \"{text}\" for \"-f, --filter\" flag: bad format of filter (expected name=value)");
            }

            if (!known.Contains(name))
            {
                throw Refused(name, $"there are {string.Join(", ", known)}");
            }

            all.Add((name, text[(equals + 1)..].Trim()));
        }

        return new Filters(all.ToImmutable());
    }

    /// <summary>A filter that makes no sense. docker's daemon says so, hence with 1.</summary>
    public static UsageException Refused(string filter, string? hint) => new($"invalid filter '{filter}'", hint) { ExitCode = ExitCode.Failure };

    public bool Has(string name) => _all.Any(one => one.Name == name);

    public IEnumerable<string> Values(string name) => _all.Where(one => one.Name == name).Select(one => one.Value);

    /// <summary>Whether none of this name was given, or one holds.</summary>
    public bool Match(string name, Func<string, bool> holds) => !Has(name) || Values(name).Any(holds);

    public bool MatchLabels(IReadOnlyDictionary<string, string> labels, string name = "label") => Values(name).All(text => HasLabel(labels, text));

    public static bool HasLabel(IReadOnlyDictionary<string, string> labels, string text)
    {
        string[] parts = text.Split('=', 2);
        return labels.TryGetValue(parts[0], out string? value) && (parts.Length == 1 || parts[1] == value);
    }
}
