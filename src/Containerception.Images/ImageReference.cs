using System.Text.RegularExpressions;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>
/// An image's name as docker's users write it: <c>[registry/]repository[:tag][@digest]</c>. Without a registry it is docker.io's, without a
/// directory there it is one of docker's own in <c>library/</c>, without tag and digest it is <c>latest</c>.
/// </summary>
public sealed partial record ImageReference
{
    internal const string DefaultRegistry = "docker.io";
    private const string OfficialPrefix = "library/";
    private const string DefaultTag = "latest";

    /// <summary>The distribution-spec's limit on the name, registry and repository together.</summary>
    private const int NameLengthMax = 255;

    /// <summary>A host, with a port where it has one of its own.</summary>
    public required string Registry { get; init; }

    /// <summary><c>library/busybox</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>null when there is a digest and no tag.</summary>
    public string? Tag { get; init; }

    public Digest? Digest { get; init; }

    /// <summary>What the registry is asked for.</summary>
    public string TagOrDigest => Digest?.ToString() ?? Tag!;

    /// <summary>The name as a user would write it: <c>busybox</c>, <c>localhost:5000/app</c>.</summary>
    public string FamiliarName => Registry != DefaultRegistry
        ? $"{Registry}/{Repository}"
        : Repository.StartsWith(OfficialPrefix, StringComparison.Ordinal) ? Repository[OfficialPrefix.Length..] : Repository;

    /// <summary>Registry and repository: <c>docker.io/library/busybox</c>.</summary>
    public string WithoutTag => $"{Registry}/{Repository}";

    /// <summary>The name as a user would write it, with its tag and its digest.</summary>
    public string FamiliarText => $"{FamiliarName}{(Tag is null ? "" : ":" + Tag)}{(Digest is { } digest ? "@" + digest : "")}";

    /// <exception cref="ImageException">It is no reference.</exception>
    public static ImageReference Parse(string text)
    {
        string rest = text;
        Digest? digest = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and int at)
        {
            digest = Oci.Digest.TryParse(rest[(at + 1)..], out Digest parsed) ? parsed : throw Wrong(text, $"\"{rest[(at + 1)..]}\" is no sha256 or sha512 digest");
            rest = rest[..at];
        }

        string? tag = null;
        int colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!TagPattern().IsMatch(tag))
            {
                throw Wrong(text, $"\"{tag}\" is no tag: up to 128 letters, digits, '_', '.' and '-'");
            }
        }

        (string registry, string repository) = Split(rest);
        if (rest.Length > NameLengthMax || !RegistryPattern().IsMatch(registry) || !RepositoryPattern().IsMatch(repository))
        {
            throw Wrong(text, repository.Any(char.IsAsciiLetterUpper) ? "a repository's name has no capital letters" : "a name is [registry/]repository[:tag][@digest]");
        }

        return new ImageReference
        {
            Registry = registry,
            Repository = repository,
            Tag = tag ?? (digest is null ? DefaultTag : null),
            Digest = digest,
        };
    }

    /// <summary>Whole, with nothing left to defaults: equal references are equal texts.</summary>
    public override string ToString() => $"{Registry}/{Repository}{(Tag is null ? "" : ":" + Tag)}{(Digest is { } digest ? "@" + digest : "")}";

    /// <summary>The first part is a registry when it could be a host: it has a dot or a port, or is localhost.</summary>
    private static (string Registry, string Repository) Split(string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? "" : name[..slash];
        if (first.AsSpan().ContainsAny(".:[") || first == "localhost")
        {
            string repository = name[(slash + 1)..];
            bool official = first is DefaultRegistry or "index.docker.io";
            return (official ? DefaultRegistry : first, official && !repository.Contains('/', StringComparison.Ordinal) ? OfficialPrefix + repository : repository);
        }

        return (DefaultRegistry, slash < 0 ? OfficialPrefix + name : name);
    }

    private static ImageException Wrong(string text, string why) => new(ImageFailure.Invalid, $"invalid reference format: \"{text}\": {why}");

    [GeneratedRegex(@"^\w[\w.-]{0,127}\z", RegexOptions.ECMAScript)]
    private static partial Regex TagPattern();

    [GeneratedRegex(@"^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:[0-9]{1,5})?\z")]
    private static partial Regex RegistryPattern();

    [GeneratedRegex(@"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex RepositoryPattern();
}
