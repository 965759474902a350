using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>
/// A program that keeps passwords: <c>docker-credential-NAME get|store|erase</c>, which is given its question on standard input and answers
/// in JSON.
/// </summary>
internal sealed class CredentialProgram(string name)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private string Program => $"docker-credential-{name}";

    /// <summary>null when it knows none: its exit status is not 0.</summary>
    public Credentials? Find(string server)
    {
        (int status, string output) = Run("get", server);
        if (status != 0)
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            return new Credentials(document.RootElement.GetProperty("Username").GetString() ?? "", document.RootElement.GetProperty("Secret").GetString() ?? "");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ImageException(ImageFailure.Denied, $"{Program} answers what cannot be read: {failure.Message}", cause: failure);
        }
    }

    public void Store(string server, Credentials credentials)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, JsonEscaping.Line))
        {
            json.WriteStartObject();
            json.WriteString("ServerURL", server);
            json.WriteString("Username", credentials.User);
            json.WriteString("Secret", credentials.Password);
            json.WriteEndObject();
        }

        Demand("store", Encoding.UTF8.GetString(text.ToArray()));
    }

    public void Erase(string server) => Demand("erase", server);

    private void Demand(string verb, string input)
    {
        (int status, string output) = Run(verb, input);
        if (status != 0)
        {
            throw new ImageException(ImageFailure.Denied, $"{Program} {verb} failed with exit status {status}: {output.Trim()}");
        }
    }

    private (int Status, string Output) Run(string verb, string input)
    {
        using Process process = Start(new ProcessStartInfo(Program, [verb]) { RedirectStandardInput = true, RedirectStandardOutput = true });
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading: its exit status says why.
        }

        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new ImageException(ImageFailure.Denied, $"{Program} {verb} did not answer within {Patience.TotalSeconds} s", "run it by hand: it may wait for a passphrase");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult());
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new ImageException(
                ImageFailure.Denied, $"the credential helper {start.FileName} cannot be run: {failure.Message}", "install it, or take it out of docker's config.json", failure);
        }
    }
}
