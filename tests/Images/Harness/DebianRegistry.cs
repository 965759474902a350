using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Containerception.Images.Tests;

/// <summary>Debian's docker-registry on loopback, with a store of its own: plain, with a user, or by TLS with an authority of its own.</summary>
public sealed class DebianRegistry : IDisposable
{
    public const string User = "anna";
    public const string Password = "geheim";

    /// <summary>What `htpasswd -B` makes of them.</summary>
    private const string PasswordFile = "anna:$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu\n";

    private readonly Process _process;
    private readonly HttpClientHandler _handler;

    /// <param name="wantsUser">Whether <see cref="User"/> alone may come in.</param>
    /// <param name="speaksTls">Whether it speaks TLS, and nothing else.</param>
    /// <param name="saysPlain">Whether it takes itself for one that speaks plain HTTP, as those behind proxies do, and names addresses so.</param>
    public DebianRegistry(bool wantsUser = false, bool speaksTls = false, bool saysPlain = false)
    {
        Needs.Root();
        Needs.Program("dpkg-deb");
        Directory.CreateDirectory(Folder);
        int port = FreePort();
        Host = $"127.0.0.1:{port}";
        ProcessStartInfo start = new(Program(), ["serve", Configuration()]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        Dictionary<string, string> settings = new()
        {
            ["REGISTRY_HTTP_ADDR"] = Host,
            ["REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"] = Path.Join(Folder, "store"),
            ["REGISTRY_STORAGE_DELETE_ENABLED"] = "true",
            ["OTEL_TRACES_EXPORTER"] = "none",
        };
        if (wantsUser)
        {
            File.WriteAllText(Path.Join(Folder, "htpasswd"), PasswordFile);
            settings["REGISTRY_AUTH"] = "htpasswd";
            settings["REGISTRY_AUTH_HTPASSWD_REALM"] = "test";
            settings["REGISTRY_AUTH_HTPASSWD_PATH"] = Path.Join(Folder, "htpasswd");
        }

        if (speaksTls)
        {
            MakeCertificates();
            settings["REGISTRY_HTTP_TLS_CERTIFICATE"] = Path.Join(Folder, "server.crt");
            settings["REGISTRY_HTTP_TLS_KEY"] = Path.Join(Folder, "server.key");
        }

        if (saysPlain)
        {
            settings["REGISTRY_HTTP_HOST"] = $"http://{Host}";
        }

        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        Client = new HttpClient(_handler)
        {
            BaseAddress = new Uri($"{(speaksTls ? "https" : "http")}://{Host}/"),
        };
        if (wantsUser)
        {
            Client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{User}:{Password}")));
        }

        WaitUntilItAnswers();
    }

    /// <summary><c>127.0.0.1:4711</c>.</summary>
    public string Host { get; }

    public HttpClient Client { get; }

    /// <summary>The certificate of its authority.</summary>
    public string Authority => Path.Join(Folder, "ca.crt");

    private string Folder { get; } = Directory.CreateTempSubdirectory("registry-").FullName;

    public void Dispose()
    {
        Client.Dispose();
        _handler.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Program() => Command.Run(Path.Join(Repository.Root, "tests/Images/registry")).Succeeded();

    private string Configuration()
    {
        string file = Path.Join(Folder, "config.yml");
        File.WriteAllText(file, "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: /nowhere\nhttp:\n  addr: 127.0.0.1:1\n");
        return file;
    }

    private void WaitUntilItAnswers()
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using HttpResponseMessage response = Client.GetAsync("v2/").GetAwaiter().GetResult();
                return;
            }
            catch (HttpRequestException) when (watch.Elapsed < TimeSpan.FromSeconds(30) && !_process.HasExited)
            {
                Thread.Sleep(20);
            }
        }
    }

    internal static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void MakeCertificates()
    {
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1);
        using ECDsa caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest caRequest = new("CN=a test's own authority", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using X509Certificate2 ca = caRequest.CreateSelfSigned(from, from.AddDays(3));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 server = request.Create(ca, from, from.AddDays(2), [1, 2, 3, 4]);
        File.WriteAllText(Authority, ca.ExportCertificatePem());
        File.WriteAllText(Path.Join(Folder, "server.crt"), server.ExportCertificatePem());
        File.WriteAllText(Path.Join(Folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
