namespace Containerception.Images;

/// <summary>One question to a registry, which may be put several times.</summary>
/// <param name="Image">Whose registry and repository are asked.</param>
/// <param name="Path">What for, behind the repository's name: <c>manifests/latest</c>.</param>
internal sealed record RegistryRequest(ImageReference Image, string Path)
{
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>What the token must allow: <c>pull</c>, <c>pull,push</c>, <c>delete</c>, or nothing.</summary>
    public string Access { get; init; } = "pull";

    /// <summary>Another repository that is read from.</summary>
    public string? AlsoFrom { get; init; }

    /// <summary>Where the registry itself said that it goes on: an upload.</summary>
    public Uri? Address { get; init; }

    public Action<HttpRequestMessage>? Prepare { get; init; }

    /// <summary>The address behind <c>/v2/</c>.</summary>
    public string Target => Image.Repository.Length == 0 ? "" : $"{Image.Repository}/{Path}";

    /// <summary>Makes what is sent, anew for each attempt. It is to say when some of it has gone.</summary>
    public Func<Action, HttpContent>? Body { get; init; }

    /// <summary>Whether it is put again where that can help; not when only the asker knows from where on.</summary>
    public bool Repeats { get; init; } = true;

    public bool IsRead => Method == HttpMethod.Get || Method == HttpMethod.Head;

    /// <summary>In the words of the token protocol; several are parted by a space. Empty: to be known is enough.</summary>
    public string Scope => Access.Length == 0 ? "" : $"repository:{Image.Repository}:{Access}{(AlsoFrom is null ? "" : $" repository:{AlsoFrom}:pull")}";
}

/// <summary>Where requests go.</summary>
/// <param name="Registry">As in a reference: what credentials and certificates are kept for.</param>
/// <param name="Base">The address, up to <c>/v2</c>.</param>
/// <param name="Scheme">null: TLS, or what the registry is known to speak.</param>
internal sealed record Endpoint(string Registry, string Base, string? Scheme)
{
    public static Endpoint Of(string registry) => new(registry, registry == "docker.io" ? "registry-1.docker.io" : registry, Scheme: null);

    public static Endpoint Of(Uri mirror) => new(mirror.Authority, mirror.Authority + mirror.AbsolutePath.TrimEnd('/'), mirror.Scheme);
}
