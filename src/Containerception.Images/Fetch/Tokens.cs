using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Containerception.Images;

/// <summary>
/// The Authorization that a registry's challenges ask for. Tokens are kept for the life of the process: they are for minutes.
/// distribution-spec, "Authentication"; docker's token protocol.
/// </summary>
/// <param name="connections">To registries.</param>
/// <param name="patience">How long a token may take to come.</param>
/// <param name="credentials">Those of a registry.</param>
internal sealed class Tokens(RegistryConnections connections, TimeSpan patience, Func<string, Credentials?> credentials)
{
    private const int AnswerBytesMax = 1 << 20;
    private readonly Dictionary<(string Registry, string Scope), AuthenticationHeaderValue> _known = [];

    /// <summary>What is known to be wanted, for the first attempt.</summary>
    public AuthenticationHeaderValue? Known(string registry, string scope)
    {
        lock (_known)
        {
            return _known.GetValueOrDefault((registry, scope));
        }
    }

    /// <summary>Answers a 401 to what was sent.</summary>
    /// <exception cref="ImageException">The registry wants credentials that there are not, or refuses those that there are.</exception>
    public async Task<AuthenticationHeaderValue> Answer(string registry, string scope, AuthenticationHeaderValue? sent, HttpResponseMessage response, CancellationToken cancel)
    {
        Credentials? user = credentials(registry);
        Challenge? challenge = response.Headers.WwwAuthenticate.Select(header => Challenge.Parse(header.ToString())).FirstOrDefault(c => c is not null);
        AuthenticationHeaderValue answer = challenge?.Scheme.ToUpperInvariant() switch
        {
            "BASIC" when user is not null => new("Basic", user.Basic),
            "BASIC" => throw Denied(registry, "wants a user and a password"),
            "BEARER" => new("Bearer", await FetchToken(registry, scope, response.RequestMessage!.RequestUri!, challenge, user, cancel).ConfigureAwait(false)),
            _ => throw new ImageException(ImageFailure.Denied, $"{registry}: asks for a kind of login that is not known: {response.Headers.WwwAuthenticate}"),
        };
        if (answer.Equals(sent))
        {
            throw Denied(registry, user is null ? "refuses access without a login" : $"refuses the user {user.User}");
        }

        lock (_known)
        {
            _known[(registry, scope)] = answer;
        }

        return answer;
    }

    private async Task<string> FetchToken(string registry, string scope, Uri asked, Challenge challenge, Credentials? user, CancellationToken cancel)
    {
        if (!challenge.Parameters.TryGetValue("realm", out string? realm) || !Uri.TryCreate(realm, UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("https" or "http"))
        {
            throw new ImageException(ImageFailure.Denied, $"{registry}: its challenge names no realm that could be asked for a token");
        }

        // Never the password in plain text, unless the registry itself is spoken to so.
        if (user is not null && address.Scheme == "http" && asked.Scheme == "https")
        {
            throw new ImageException(ImageFailure.Denied, $"{registry}: wants the password sent in plain text to {address.Host}");
        }

        string[] scopes = scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string query = string.Concat(scopes.Select(one => $"&scope={Uri.EscapeDataString(one)}"));
        query = $"service={Uri.EscapeDataString(challenge.Parameters.GetValueOrDefault("service") ?? "")}{query}";
        UriBuilder builder = new(address) { Query = address.Query.Length > 1 ? $"{address.Query[1..]}&{query}" : query };
        using HttpRequestMessage request = new(HttpMethod.Get, builder.Uri);
        if (user?.User == Credentials.TokenUser)
        {
            request.Method = HttpMethod.Post;
            request.Content = new FormUrlEncodedContent(
            [
                new("grant_type", "refresh_token"), new("refresh_token", user.Password), new("service", challenge.Parameters.GetValueOrDefault("service") ?? ""),
                new("scope", scope), new("client_id", "cdock"),
            ]);
        }
        else if (user is not null)
        {
            request.Headers.Authorization = new("Basic", user.Basic);
        }

        return await Ask(registry, request, user, cancel).ConfigureAwait(false);
    }

    /// <summary>Not for ever: whoever waits here holds the store, and the realm is whatever a registry names.</summary>
    private async Task<string> Ask(string registry, HttpRequestMessage request, Credentials? user, CancellationToken cancel)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(patience);
        try
        {
            return await AskOnce(registry, request, user, limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"{request.RequestUri!.Host} gives no token within {patience.TotalSeconds} s");
        }
    }

    private async Task<string> AskOnce(string registry, HttpRequestMessage request, Credentials? user, CancellationToken cancel)
    {
        using HttpResponseMessage response = await connections.To(registry).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw Denied(registry, user is null ? "gives no token without a login" : $"refuses the password of {user.User}");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{request.RequestUri!.Host} gives no token: {(int)response.StatusCode} {response.ReasonPhrase}", inner: null, response.StatusCode);
        }

        return ReadToken(registry, await Bodies.Read(response, AnswerBytesMax, cancel).ConfigureAwait(false));
    }

    private static string ReadToken(string registry, byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            foreach (string name in (string[])["token", "access_token"])
            {
                if (document.RootElement.TryGetProperty(name, out JsonElement token) && token.GetString() is { Length: > 0 } text)
                {
                    return text;
                }
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new ImageException(ImageFailure.Damaged, $"{registry}: its token is no JSON that can be read", cause: failure);
        }

        throw new ImageException(ImageFailure.Damaged, $"{registry}: answered with no token");
    }

    private static ImageException Denied(string registry, string why)
        => new(ImageFailure.Denied, $"{registry}: access denied: it {why}", $"cdock login {registry}, if you have an account there; a repository that does not exist is answered the same way");
}
