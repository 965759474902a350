using System.Net;
using System.Security.Authentication;
using System.Text.Json;

namespace Containerception.Images;

/// <summary>What a registry's refusal means, in words for who asked.</summary>
internal static class Refusal
{
    private const int AnswerBytesMax = 64 * 1024;
    private const int WordsMax = 200;

    public static async Task<ImageException> Of(string registry, RegistryRequest request, HttpResponseMessage response, TimeSpan patience, CancellationToken cancel)
    {
        string words = await Words(response, patience, cancel).ConfigureAwait(false);
        string image = request.Image.FamiliarName;
        string what = request.Path.Replace('/', ' ');
        return response.StatusCode switch
        {
            HttpStatusCode.NotFound => new(ImageFailure.NotFound, $"{image}: {registry} has no {what}{words}", "is the name right, and the tag?"),
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => new(ImageFailure.Denied, $"{image}: {registry} denies access to {what}{words}", $"cdock login {registry}"),
            HttpStatusCode.TooManyRequests => new(
                ImageFailure.Unreachable, $"{image}: {registry} has had too many requests{words}", "wait, or log in: known users may ask more often"),
            HttpStatusCode.MethodNotAllowed => new(ImageFailure.Unsupported, $"{image}: {registry} does not allow {request.Method} of {what}{words}"),
            _ => new(ImageFailure.Unreachable, $"{image}: {registry} answers {request.Method} {what} with {(int)response.StatusCode} {response.ReasonPhrase}{words}"),
        };
    }

    public static ImageException Unreachable(string registry, RegistryRequest request, Exception failure, bool speaksTls)
    {
        string? hint = (failure.InnerException is AuthenticationException, speaksTls) switch
        {
            (true, true) => $"its certificate is not trusted: put its authority's into /etc/cdock/certs.d/{registry}/ca.crt",
            (true, false) => $"it seems not to speak TLS: if that is as it should be, put \"{registry}\" among insecure-registries in /etc/cdock/config.json",
            _ => null,
        };
        return new(ImageFailure.Unreachable, $"{request.Image.FamiliarName}: {registry} cannot be reached: {(failure.InnerException ?? failure).Message}", hint, failure);
    }

    /// <summary>The registry's own: distribution-spec, "Error Codes". They are a stranger's: short, and in one line.</summary>
    private static async Task<string> Words(HttpResponseMessage response, TimeSpan patience, CancellationToken cancel)
    {
        using CancellationTokenSource limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(patience);
        try
        {
            byte[] body = await Bodies.Read(response, AnswerBytesMax, limited.Token).ConfigureAwait(false);
            using JsonDocument document = JsonDocument.Parse(body);
            string? message = document.RootElement.GetProperty("errors")[0].GetProperty("message").GetString();
            string line = new([.. (message ?? "").Where(letter => !char.IsControl(letter)).Take(WordsMax)]);
            return line.Length > 0 ? $": {line}" : "";
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException
            or ArgumentOutOfRangeException or ImageException or IOException or HttpRequestException
            || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return "";
        }
    }
}
