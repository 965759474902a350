using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Containerception.Images;

/// <summary>Connections to registries, with whom each of them trusts.</summary>
internal sealed class RegistryConnections(RegistryOptions options) : IDisposable
{
    private readonly Dictionary<string, (SocketsHttpHandler Handler, HttpClient Client)> _clients = [];
    private readonly HashSet<string> _speakTls = [];

    /// <summary>The connections to one registry, and to where it leads.</summary>
    public HttpClient To(string registry)
    {
        lock (_clients)
        {
            if (!_clients.TryGetValue(registry, out (SocketsHttpHandler Handler, HttpClient Client) pair))
            {
                SocketsHttpHandler handler = Handler(registry);
                pair = (handler, new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan });
                pair.Client.DefaultRequestHeaders.UserAgent.ParseAdd("cdock");
                _clients.Add(registry, pair);
            }

            return pair.Client;
        }
    }

    /// <summary>Whether a registry has shown a certificate, trusted or not: it is not to be spoken to aloud then.</summary>
    public bool SpeaksTls(string registry)
    {
        lock (_clients)
        {
            return _speakTls.Contains(registry);
        }
    }

    public void Dispose()
    {
        foreach ((SocketsHttpHandler handler, HttpClient client) in _clients.Values)
        {
            client.Dispose();
            handler.Dispose();
        }
    }

    private SocketsHttpHandler Handler(string registry) => new()
    {
        ConnectTimeout = TimeSpan.FromSeconds(15),
        AutomaticDecompression = DecompressionMethods.None,

        // No proxy ($HTTPS_PROXY) can reach what is on this machine.
        UseProxy = !RegistryOptions.IsLoopback(registry),
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = ClientCertificates(registry),
            RemoteCertificateValidationCallback = (sender, certificate, _, errors) =>
            {
                bool isRegistry = sender is SslStream stream && stream.TargetHostName == RegistryOptions.HostOf(registry);
                if (isRegistry)
                {
                    lock (_clients)
                    {
                        _speakTls.Add(registry);
                    }
                }

                return errors == SslPolicyErrors.None || (isRegistry && Trusts(registry, certificate, errors));
            },
        },
    };

    /// <summary>What the system does not trust, but our owner does for this registry.</summary>
    private bool Trusts(string registry, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (options.IsInsecure(registry))
        {
            return true;
        }

        X509Certificate2Collection own = [];
        foreach (string file in FilesFor(registry, "*.crt"))
        {
            own.ImportFromPemFile(file);
        }

        // Another name is no question of authorities.
        if (certificate is null || own.Count == 0 || errors != SslPolicyErrors.RemoteCertificateChainErrors)
        {
            return false;
        }

        using X509Chain chain = new() { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
        chain.ChainPolicy.CustomTrustStore.AddRange(own);
        using X509Certificate2 theirs = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(theirs);
    }

    private X509Certificate2Collection ClientCertificates(string registry)
        => [.. FilesFor(registry, "*.cert").Select(file => X509Certificate2.CreateFromPemFile(file, Path.ChangeExtension(file, ".key")))];

    private IEnumerable<string> FilesFor(string registry, string pattern)
        => options.CertificateDirectories.Select(directory => Path.Join(directory, registry)).Where(Directory.Exists)
            .SelectMany(directory => Directory.EnumerateFiles(directory, pattern).Order(StringComparer.Ordinal));
}
