using System.Text.Json;

namespace Containerception.Images.Tests;

/// <summary>Who may: <c>cdock login</c>, helpers that keep passwords, certificates, and what the configuration says of registries.</summary>
public sealed class AccessTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public async Task A_login_lets_in_and_is_kept_where_docker_keeps_it()
    {
        using DebianRegistry registry = new(wantsUser: true);
        await TestImage.Of("a=one").PutTo(registry.Client, "app", "latest");
        string name = $"{registry.Host}/app";
        Assert.Equal($"cdock: {registry.Host}: access denied: it wants a user and a password", _cdock.Fails("pull", name));
        Outcome wrong = _cdock.Do(["login", "-u", DebianRegistry.User, "--password-stdin", registry.Host], input: "falsch\n");
        Assert.Equal(1, wrong.Status);
        Assert.Contains($"{registry.Host} refuses the user {DebianRegistry.User}, or the password", wrong.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Join(_cdock.DockerConfig, "config.json")));

        Outcome right = _cdock.Do(["login", "-u", DebianRegistry.User, "--password-stdin", registry.Host], input: DebianRegistry.Password + "\n");
        Assert.Equal("Login Succeeded", right.Succeeded());
        string file = Path.Join(_cdock.DockerConfig, "config.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal(
            Convert.ToBase64String("anna:geheim"u8), document.RootElement.GetProperty("auths").GetProperty(registry.Host).GetProperty("auth").GetString());
        _cdock.Says("pull", name);
        _cdock.Says("push", name);

        Assert.Equal($"Removing login credentials for {registry.Host}", _cdock.Says("logout", registry.Host));
        Assert.Equal($"Not logged in to {registry.Host}", _cdock.Says("logout", registry.Host));
        _cdock.Fails("pull", name);
    }

    [Fact]
    public void What_else_is_in_the_file_stays()
    {
        using DebianRegistry registry = new(wantsUser: true);
        Directory.CreateDirectory(_cdock.DockerConfig);
        string file = Path.Join(_cdock.DockerConfig, "config.json");
        File.WriteAllText(file, """{"detachKeys":"ctrl-q","auths":{"other.example":{"auth":"YTpi"}}}""");
        _cdock.Do(["login", "-u", DebianRegistry.User, "--password-stdin", registry.Host], input: DebianRegistry.Password).Succeeded();
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal("ctrl-q", document.RootElement.GetProperty("detachKeys").GetString());
        Assert.Equal("YTpi", document.RootElement.GetProperty("auths").GetProperty("other.example").GetProperty("auth").GetString());
        Assert.Equal([file], Directory.GetFiles(_cdock.DockerConfig));
    }

    [Fact]
    public void A_broken_file_is_named()
    {
        Directory.CreateDirectory(_cdock.DockerConfig);
        File.WriteAllText(Path.Join(_cdock.DockerConfig, "config.json"), "{");
        Assert.StartsWith($"cdock: cannot read the credentials in {_cdock.DockerConfig}/config.json: ", _cdock.Fails("logout", "a.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_keeps_the_password()
    {
        using DebianRegistry registry = new(wantsUser: true);
        await TestImage.Of("a=one").PutTo(registry.Client, "app", "latest");
        string helper = Path.Join(_cdock.Folder, "docker-credential-test");
        File.WriteAllText(helper, """
            #!/bin/sh
            # As docker-credential-helpers' protocol has it: the question on standard input, the answer in JSON.
            kept=$(dirname "$0")/kept
            case $1 in
                store) cat >"$kept" ;;
                get) read -r server; grep -q "\"$server\"" "$kept" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; }; cat "$kept" ;;
                erase) rm "$kept" ;;
            esac
            """);
        File.SetUnixFileMode(helper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Directory.CreateDirectory(_cdock.DockerConfig);
        string config = $$$"""{"credHelpers":{"{{{registry.Host}}}":"test"}}""";
        File.WriteAllText(Path.Join(_cdock.DockerConfig, "config.json"), config);
        _cdock.Do(["login", "-u", DebianRegistry.User, "--password-stdin", registry.Host], input: DebianRegistry.Password).Succeeded();
        Assert.Equal(config, File.ReadAllText(Path.Join(_cdock.DockerConfig, "config.json")));
        Assert.Equal($$"""{"ServerURL":"{{registry.Host}}","Username":"anna","Secret":"geheim"}""", File.ReadAllText(Path.Join(_cdock.Folder, "kept")));
        _cdock.Says("pull", $"{registry.Host}/app");
        Assert.Equal($"Removing login credentials for {registry.Host}", _cdock.Says("logout", registry.Host));
        Assert.False(File.Exists(Path.Join(_cdock.Folder, "kept")));
        File.Delete(helper);
        Assert.StartsWith("cdock: the credential helper docker-credential-test cannot be run: ", _cdock.Fails("pull", $"{registry.Host}/app"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_login_that_makes_no_sense_is_refused()
    {
        Assert.Contains("mutually exclusive", _cdock.Do("login", "-u", "a", "-p", "b", "--password-stdin", "a.example").Errors, StringComparison.Ordinal);
        Assert.Contains("requires --username", _cdock.Do("login", "--password-stdin", "a.example").Errors, StringComparison.Ordinal);
        Assert.Contains("standard input is no terminal", _cdock.Do("login", "a.example").Errors, StringComparison.Ordinal);
        Assert.Contains("is no registry", _cdock.Do("login", "-u", "a", "-p", "b", "nothing").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_is_trusted_for_an_authority_of_its_own()
    {
        using DebianRegistry registry = new(speaksTls: true);
        await TestImage.Of("a=one").PutTo(registry.Client, "app", "latest");
        string name = $"{registry.Host}/app";
        Outcome refused = _cdock.Do("pull", name);
        Assert.Equal(1, refused.Status);
        Assert.Contains($"{registry.Host} cannot be reached: ", refused.Errors, StringComparison.Ordinal);
        Assert.Contains($"hint: its certificate is not trusted: put its authority's into /etc/cdock/certs.d/{registry.Host}/ca.crt", refused.Errors, StringComparison.Ordinal);

        using Store store = new();
        string certificates = Path.Join(_cdock.Folder, "certs.d");
        RegistryOptions options = Store.Hasty with { CertificateDirectories = [certificates] };
        Directory.CreateDirectory(Path.Join(certificates, "127.0.0.1:1"));
        File.Copy(registry.Authority, Path.Join(certificates, "127.0.0.1:1/ca.crt"));
        store.CannotPull(name, options);
        Directory.Move(Path.Join(certificates, "127.0.0.1:1"), Path.Join(certificates, registry.Host));
        Assert.True(store.Pull(name, options).IsNew);
    }

    [Fact]
    public async Task An_insecure_registrys_certificate_does_not_matter()
    {
        using DebianRegistry registry = new(speaksTls: true);
        await TestImage.Of("a=one").PutTo(registry.Client, "app", "latest");
        File.WriteAllText(_cdock.Config, $$"""{"insecure-registries": ["127.0.0.0/8"]}""");
        _cdock.Says("pull", $"{registry.Host}/app");
    }

    [Theory]
    [InlineData("{", "cannot read the configuration in")]
    [InlineData("""{"insecure-registry": []}""", "\"insecure-registry\" is not known")]
    [InlineData("""{"registry-mirrors": ["mirror"]}""", "\"mirror\" is no http or https address")]
    [InlineData("""{"max-concurrent-downloads": 0}""", "max-concurrent-downloads must be from 1 to 100")]
    [InlineData("""{"max-concurrent-uploads": "three"}""", "cannot read the configuration in")]
    public void A_configuration_that_makes_no_sense_is_refused(string text, string words)
    {
        File.WriteAllText(_cdock.Config, text);
        Assert.Contains(words, _cdock.Fails("pull", "127.0.0.1:1/x"), StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();
}
