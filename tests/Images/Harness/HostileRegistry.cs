using System.Collections.Concurrent;
using System.Net;
using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>A registry in this process that does as a test says, and is a good one otherwise.</summary>
public sealed class HostileRegistry : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, (string Type, byte[] Content)> _documents = [];
    private readonly Task _serving;

    public HostileRegistry()
    {
        Host = $"127.0.0.1:{DebianRegistry.FreePort()}";
        _listener.Prefixes.Add($"http://{Host}/");
        _listener.Start();
        _serving = Task.Run(Serve);
    }

    public string Host { get; }

    /// <summary>Answers a request, or leaves it with false to who is good.</summary>
    public Func<HttpListenerContext, Task<bool>> Answer { get; set; } = _ => Task.FromResult(false);

    /// <summary>Paths that were asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Has an image, under a tag and its digest.</summary>
    public HostileRegistry Has(TestImage image, string tag = "latest")
    {
        foreach (string name in (string[])[tag, image.Digest.ToString()])
        {
            Has($"manifests/{name}", image.MediaType, image.Manifest);
        }

        foreach ((Digest digest, byte[] content) in image.Blobs)
        {
            Has($"blobs/{digest}", "application/octet-stream", content);
        }

        return this;
    }

    public void Has(string path, string type, byte[] content) => _documents[path] = (type, content);

    public static async Task Say(HttpListenerContext context, int status, string body = "", params (string Name, string Value)[] headers)
    {
        context.Response.StatusCode = status;
        foreach ((string name, string value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        // Without a length the listener writes its last chunk when the client may be reading the next answer already.
        byte[] content = System.Text.Encoding.UTF8.GetBytes(body);
        context.Response.ContentLength64 = content.Length;
        await context.Response.OutputStream.WriteAsync(content);
        context.Response.Close();
    }

    /// <summary>Begins an answer, or none with null, and never ends it.</summary>
    public static async Task Stall(HttpListenerContext context, string? start, int status = 200)
    {
        context.Response.StatusCode = status;
        if (start is not null)
        {
            await context.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(start));
            await context.Response.OutputStream.FlushAsync();
        }

        await Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _listener.Close();
        _serving.Wait(TimeSpan.FromSeconds(5));
    }

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => Handle(context));
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task Handle(HttpListenerContext context)
    {
        try
        {
            string path = context.Request.Url!.AbsolutePath;
            Asked.Enqueue($"{context.Request.HttpMethod} {path}");
            if (await Answer(context))
            {
                return;
            }

            string what = string.Join('/', path.Split('/')[^2..]);
            if (!_documents.TryGetValue(what, out (string Type, byte[] Content) document))
            {
                await Say(context, 404, """{"errors":[{"code":"UNKNOWN","message":"nothing like that here"}]}""");
                return;
            }

            await Send(context, document.Type, document.Content);
        }
        catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException or IOException)
        {
            // Who asked has gone.
        }
    }

    /// <summary>As a good registry does: from the byte that is asked for.</summary>
    private static async Task Send(HttpListenerContext context, string type, byte[] content)
    {
        string? range = context.Request.Headers["Range"];
        int from = range is null ? 0 : int.Parse(range["bytes=".Length..].TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture);
        context.Response.StatusCode = range is null ? 200 : 206;
        context.Response.ContentType = type;
        context.Response.ContentLength64 = content.Length - from;
        if (range is not null)
        {
            context.Response.Headers["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        await context.Response.OutputStream.WriteAsync(content.AsMemory(from));
        context.Response.Close();
    }
}
