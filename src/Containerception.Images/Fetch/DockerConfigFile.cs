using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// docker's config.json, as <c>docker login</c> leaves it: <c>auths</c>, <c>credHelpers</c> and <c>credsStore</c>; what else is in it stays.
/// </summary>
public sealed class DockerConfigFile(string path)
{
    /// <summary>Where docker keeps what belongs to docker.io.</summary>
    private const string DockerHubKey = "https://index.docker.io/v1/";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>The file of the user who runs this, in $DOCKER_CONFIG or ~/.docker.</summary>
    public static DockerConfigFile OfUser() => new(System.IO.Path.Join(
        Environment.GetEnvironmentVariable("DOCKER_CONFIG") ?? System.IO.Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker"),
        "config.json"));

    /// <summary>The credentials for a registry; null when there are none.</summary>
    /// <exception cref="ImageException">The file, or what a helper says, cannot be read.</exception>
    public Credentials? Find(string registry)
    {
        JsonObject root = Read();
        return Understood(() => HelperFor(root, registry)?.Find(KeyOf(registry)) ?? FromAuths(root, KeyOf(registry)));
    }

    /// <summary>Keeps the credentials of a registry: with the helper that the file names, else in the file itself.</summary>
    /// <returns>False when they are in the file, where whoever may read it reads them.</returns>
    public bool Keep(string registry, Credentials credentials)
    {
        JsonObject root = Read();
        if (Understood(() => HelperFor(root, registry)) is { } helper)
        {
            helper.Store(KeyOf(registry), credentials);
            return true;
        }

        JsonObject auths = Understood(() => root["auths"]?.AsObject()) ?? [];
        auths[KeyOf(registry)] = new JsonObject { ["auth"] = credentials.Basic };
        root["auths"] = auths;
        Write(root);
        return false;
    }

    /// <summary>Forgets the credentials of a registry. False when there were none.</summary>
    public bool Forget(string registry)
    {
        JsonObject root = Read();
        if (Understood(() => HelperFor(root, registry)) is { } helper && helper.Find(KeyOf(registry)) is not null)
        {
            helper.Erase(KeyOf(registry));
            return true;
        }

        JsonObject? auths = Understood(() => root["auths"]?.AsObject());
        bool found = false;
        foreach (string key in KeysOf(KeyOf(registry)))
        {
            found |= auths?.Remove(key) == true;
        }

        if (found)
        {
            Write(root);
        }

        return found;
    }

    private static string KeyOf(string registry) => registry == ImageReference.DefaultRegistry ? DockerHubKey : registry;

    /// <summary>Older clients have written addresses.</summary>
    private static string[] KeysOf(string key) => [key, $"https://{key}", $"https://{key}/v1/", $"https://{key}/v2/"];

    private static CredentialProgram? HelperFor(JsonObject root, string registry)
    {
        string? name = root["credHelpers"]?.AsObject()[registry]?.GetValue<string>() ?? root["credsStore"]?.GetValue<string>();
        return string.IsNullOrEmpty(name) ? null : new CredentialProgram(name);
    }

    private static Credentials? FromAuths(JsonObject root, string key)
    {
        if (root["auths"]?.AsObject() is not { } auths)
        {
            return null;
        }

        foreach (string name in KeysOf(key))
        {
            JsonObject? entry = auths[name]?.AsObject();

            // Instead of a password, which is then empty: docker login, where the registry gives a refresh token.
            if (entry?["identitytoken"]?.GetValue<string>() is { Length: > 0 } token)
            {
                return new Credentials(Credentials.TokenUser, token);
            }

            if (entry?["auth"]?.GetValue<string>() is { Length: > 0 } encoded)
            {
                string text = Encoding.UTF8.GetString(Convert.FromBase64String(encoded));
                int colon = text.IndexOf(':', StringComparison.Ordinal);
                return colon > 0 ? new Credentials(text[..colon], text[(colon + 1)..].TrimEnd('\0')) : throw new FormatException($"auths[\"{name}\"].auth is no user:password");
            }
        }

        return null;
    }

    private JsonObject Read() => File.Exists(Path) ? Understood(() => JsonNode.Parse(File.ReadAllBytes(Path))?.AsObject()) ?? [] : [];

    private T Understood<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException(ImageFailure.Invalid, $"cannot read the credentials in {Path}: {failure.Message}", "mend it, or move it away and log in again", failure);
        }
    }

    /// <summary>Beside, then renamed: nobody reads half of it, and nobody else any of it. A link to it stays one.</summary>
    private void Write(JsonObject root)
    {
        string target = File.Exists(Path) ? File.ResolveLinkTarget(Path, returnFinalTarget: true)?.FullName ?? Path : Path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!, OwnerOnly | UnixFileMode.UserExecute);
        string draft = $"{target}.{Environment.ProcessId}.tmp";
        File.Delete(draft);
        using (SafeFileHandle file = Files.Open(draft, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, OwnerOnly))
        {
            FileContents.WriteAll(file, Encoding.UTF8.GetBytes(root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"));
            FileContents.Fsync(file);
        }

        File.Move(draft, target, overwrite: true);
    }
}
