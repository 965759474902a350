using System.Net;
using System.Text.Json;

namespace Containerception.Images;

/// <summary>How registries are reached.</summary>
public sealed record RegistryOptions
{
    /// <summary>
    /// Registries whose certificates are not looked at, and which are asked by plain HTTP where they do not speak TLS: <c>host</c>,
    /// <c>host:port</c>, or a network of addresses. Loopback may always speak plain.
    /// </summary>
    public IReadOnlyList<string> Insecure { get; init; } = [];

    /// <summary>What is asked before docker.io itself: base addresses.</summary>
    public IReadOnlyList<Uri> Mirrors { get; init; } = [];

    /// <summary>
    /// For a registry, below its <c>host</c> or <c>host:port</c>: authorities that are trusted besides the system's (<c>*.crt</c>), and who we
    /// are (<c>*.cert</c> with <c>*.key</c>), in PEM. Those before come first.
    /// </summary>
    public IReadOnlyList<string> CertificateDirectories { get; init; } = ["/etc/cdock/certs.d", "/etc/docker/certs.d"];

    /// <summary>Layers that are fetched at the same time.</summary>
    public int Downloads { get; init; } = 3;

    /// <summary>Blobs that are sent at the same time.</summary>
    public int Uploads { get; init; } = 5;

    /// <summary>How often a request is tried before its failure is told.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long no byte may come before a connection counts as dead.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first pause before another attempt; each later one is twice as long.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The options of this machine: $CDOCK_CONFIG, else /etc/cdock/config.json, which need not be there.</summary>
    /// <exception cref="ImageException">The file makes no sense.</exception>
    public static RegistryOptions OfMachine()
    {
        string? named = Environment.GetEnvironmentVariable("CDOCK_CONFIG");
        string file = named ?? "/etc/cdock/config.json";
        return named is not null || File.Exists(file) ? Read(file) : new RegistryOptions();
    }

    /// <summary>Reads a file with the keys that docker's daemon.json has for the same.</summary>
    /// <exception cref="ImageException">It makes no sense.</exception>
    public static RegistryOptions Read(string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            RegistryOptions options = new();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                options = property.Name switch
                {
                    "insecure-registries" => options with { Insecure = [.. property.Value.EnumerateArray().Select(value => value.GetString()!)] },
                    "registry-mirrors" => options with { Mirrors = [.. property.Value.EnumerateArray().Select(ReadMirror)] },
                    "max-concurrent-downloads" => options with { Downloads = ReadCount(property) },
                    "max-concurrent-uploads" => options with { Uploads = ReadCount(property) },
                    "max-download-attempts" => options with { Attempts = ReadCount(property) },
                    string unknown => throw new FormatException(
                        $"\"{unknown}\" is not known: there are insecure-registries, registry-mirrors, max-concurrent-downloads, max-concurrent-uploads, max-download-attempts"),
                };
            }

            return options;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException(ImageFailure.Invalid, $"cannot read the configuration in {file}: {failure.Message}", cause: failure);
        }
    }

    /// <summary>Whether a registry's certificate does not matter.</summary>
    public bool IsInsecure(string registry)
        => Insecure.Any(entry => entry == registry || entry == HostOf(registry)
            || (IPNetwork.TryParse(entry, out IPNetwork network) && IPAddress.TryParse(HostOf(registry), out IPAddress? address) && network.Contains(address)));

    /// <summary>Whether plain HTTP will do for it.</summary>
    public bool AllowsPlain(string registry)
        => IsInsecure(registry) || IsLoopback(registry);

    /// <summary>Whether it is on this machine.</summary>
    internal static bool IsLoopback(string registry)
        => HostOf(registry) == "localhost" || (IPAddress.TryParse(HostOf(registry), out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>A registry without its port.</summary>
    internal static string HostOf(string registry)
        => registry.StartsWith('[') ? registry[1..Math.Max(1, registry.IndexOf(']', StringComparison.Ordinal))] : registry.Split(':')[0];

    private static Uri ReadMirror(JsonElement value)
        => Uri.TryCreate(value.GetString(), UriKind.Absolute, out Uri? mirror) && mirror.Scheme is "http" or "https" && mirror.Query.Length == 0
            ? mirror
            : throw new FormatException($"registry-mirrors: \"{value.GetString()}\" is no http or https address");

    private static int ReadCount(JsonProperty property)
        => property.Value.GetInt32() is > 0 and <= 100 and int count ? count : throw new FormatException($"{property.Name} must be from 1 to 100");
}
