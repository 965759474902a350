using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;

namespace Containerception.Images;

/// <summary>
/// Puts requests to registries: with what each wants to know of us, by the scheme that it speaks, mirrors first, and again with growing pauses
/// where that can help: no connection, a cut one, 429 and 5xx.
/// </summary>
internal sealed class RegistryTransport : IDisposable
{
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(60);

    private readonly RegistryOptions _options;
    private readonly RegistryConnections _connections;
    private readonly Tokens _tokens;
    private readonly HashSet<string> _plain = [];
    private readonly HashSet<string> _answered = [];

    public RegistryTransport(RegistryOptions options, Func<string, Credentials?> credentials)
    {
        _options = options;
        _connections = new RegistryConnections(options);
        _tokens = new Tokens(_connections, options.StallTimeout, credentials);
    }

    /// <summary>Asks until there is an answer, which is a good one.</summary>
    /// <exception cref="ImageException">There is none.</exception>
    public async Task<HttpResponseMessage> Send(RegistryRequest request, CancellationToken cancel)
    {
        string? mirrorFailure = null;
        if (request.IsRead && request.Image.Registry == ImageReference.DefaultRegistry)
        {
            foreach (Uri mirror in _options.Mirrors)
            {
                try
                {
                    return await Send(Endpoint.Of(mirror), request with { Repeats = false }, cancel).ConfigureAwait(false);
                }
                catch (ImageException failure)
                {
                    // The registry itself has the last word.
                    mirrorFailure = failure.Message;
                }
            }
        }

        try
        {
            return await Send(Endpoint.Of(request.Image.Registry), request, cancel).ConfigureAwait(false);
        }
        catch (ImageException failure) when (mirrorFailure is not null)
        {
            throw new ImageException(failure.Failure, failure.Message, $"the mirror before it: {mirrorFailure}", failure);
        }
    }

    /// <summary>The pause before the next attempt, the n-th from 1.</summary>
    public TimeSpan Pause(int attempt) => TimeSpan.FromTicks(Math.Min(PauseMax.Ticks, _options.FirstPause.Ticks << Math.Min(attempt - 1, 10)));

    public void Dispose() => _connections.Dispose();

    private async Task<HttpResponseMessage> Send(Endpoint endpoint, RegistryRequest request, CancellationToken cancel)
    {
        int attempts = request.Repeats ? _options.Attempts : 1;
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan pause = Pause(attempt);
            try
            {
                HttpResponseMessage response = await SendOnce(endpoint, request, cancel).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    if (attempt >= attempts || !IsPassing(response.StatusCode))
                    {
                        throw await Refusal.Of(endpoint.Registry, request, response, _options.StallTimeout, cancel).ConfigureAwait(false);
                    }

                    pause = RetryAfter(response) ?? pause;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException)
            {
                if (attempt >= attempts || !HasAnswered(endpoint) || failure.InnerException is AuthenticationException)
                {
                    throw Refusal.Unreachable(endpoint.Registry, request, failure, _connections.SpeaksTls(endpoint.Registry));
                }
            }

            await Task.Delay(pause, cancel).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendOnce(Endpoint endpoint, RegistryRequest request, CancellationToken cancel)
    {
        // Where an upload goes on may be another's: whoever that is learns nothing of us.
        AuthenticationHeaderValue? known = IsOwn(endpoint, request.Address is null ? null : AddressOf(endpoint, request)) ? _tokens.Known(endpoint.Registry, request.Scope) : null;
        HttpResponseMessage response = await SendSomehow(endpoint, request, known, cancel).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !IsOwn(endpoint, response.RequestMessage!.RequestUri))
        {
            return response;
        }

        using (response)
        {
            AuthenticationHeaderValue answer = await _tokens.Answer(endpoint.Registry, request.Scope, known, response, cancel).ConfigureAwait(false);
            return await SendSomehow(endpoint, request, answer, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Whether an address is the registry's own, and no less safe to speak to: what it is told by TLS is not to be said aloud.</summary>
    private bool IsOwn(Endpoint endpoint, Uri? address)
        => address is null || (IsOfHost(endpoint, address) && (address.Scheme == Uri.UriSchemeHttps || SchemeOf(endpoint) == Uri.UriSchemeHttp));

    private static bool IsOfHost(Endpoint endpoint, Uri address) => address.Authority == new Uri($"{address.Scheme}://{endpoint.Base}").Authority;

    /// <summary>By TLS, or plain where that is allowed and the registry speaks nothing else.</summary>
    private async Task<HttpResponseMessage> SendSomehow(Endpoint endpoint, RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancel)
    {
        try
        {
            return await SendTo(AddressOf(endpoint, request), endpoint, request, authorization, cancel).ConfigureAwait(false);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.SecureConnectionError && MayFallBack(endpoint, request))
        {
            lock (_plain)
            {
                _plain.Add(endpoint.Registry);
            }

            return await SendTo(AddressOf(endpoint, request), endpoint, request, authorization, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>A certificate that is not trusted is TLS all the same: what is said to that registry is not said aloud.</summary>
    private bool MayFallBack(Endpoint endpoint, RegistryRequest request)
        => endpoint.Scheme is null && request.Address is null && _options.AllowsPlain(endpoint.Registry) && !_connections.SpeaksTls(endpoint.Registry);

    private async Task<HttpResponseMessage> SendTo(
        Uri address, Endpoint endpoint, RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancel)
    {
        using HttpRequestMessage message = new(request.Method, address);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(_options.StallTimeout);
        message.Headers.Authorization = authorization;
        message.Content = request.Body?.Invoke(() => patience.CancelAfter(_options.StallTimeout));
        request.Prepare?.Invoke(message);
        try
        {
            HttpResponseMessage response = await _connections.To(endpoint.Registry).SendAsync(message, HttpCompletionOption.ResponseHeadersRead, patience.Token)
                .ConfigureAwait(false);
            lock (_plain)
            {
                _answered.Add(endpoint.Registry);
            }

            return response;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {_options.StallTimeout.TotalSeconds} s");
        }
    }

    /// <summary>Who never answered is not asked again: the name is wrong, or nobody listens there.</summary>
    private bool HasAnswered(Endpoint endpoint)
    {
        lock (_plain)
        {
            return _answered.Contains(endpoint.Registry);
        }
    }

    private Uri AddressOf(Endpoint endpoint, RegistryRequest request)
    {
        string scheme = SchemeOf(endpoint);
        if (request.Address is not { } address)
        {
            return new Uri($"{scheme}://{endpoint.Base}/v2/{request.Target}");
        }

        // Behind a proxy that ends TLS a registry may not know that it is spoken to so, and names itself by http.
        bool isRaised = address.Scheme == Uri.UriSchemeHttp && scheme == Uri.UriSchemeHttps && IsOfHost(endpoint, address);
        return isRaised ? new Uri($"{scheme}://{endpoint.Base.Split('/')[0]}{address.PathAndQuery}") : address;
    }

    private string SchemeOf(Endpoint endpoint)
    {
        lock (_plain)
        {
            return endpoint.Scheme ?? (_plain.Contains(endpoint.Registry) ? Uri.UriSchemeHttp : Uri.UriSchemeHttps);
        }
    }

    private static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500;

    private static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? asked = response.Headers.RetryAfter?.Delta ?? response.Headers.RetryAfter?.Date - TimeProvider.System.GetUtcNow();
        return asked < TimeSpan.Zero ? null : asked > PauseMax ? PauseMax : asked;
    }
}
