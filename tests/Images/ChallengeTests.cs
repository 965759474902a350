namespace Containerception.Images.Tests;

/// <summary>Registries that want to know who asks: they get what they need, and nobody else does.</summary>
public sealed class ChallengeTests : IDisposable
{
    private readonly HostileRegistry _registry = new();
    private readonly Store _store = new();

    private string Name => $"{_registry.Host}/app";

    [Theory]
    [InlineData("Basic realm=\"x\"", "access denied: it wants a user and a password")]
    [InlineData("Negotiate", "asks for a kind of login that is not known")]
    [InlineData("Bearer scope=\"x\"", "its challenge names no realm")]
    [InlineData("Bearer realm=\"ftp://x/\"", "its challenge names no realm")]
    public void A_challenge_that_cannot_be_met_is_told(string challenge, string words)
    {
        _registry.Answer = async context =>
        {
            await HostileRegistry.Say(context, 401, "", ("WWW-Authenticate", challenge));
            return true;
        };
        ImageException failure = _store.CannotPull(Name);
        Assert.Equal(ImageFailure.Denied, failure.Failure);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"token":"abc"}""", true)]
    [InlineData("""{"access_token":"abc"}""", true)]
    [InlineData("""{"token":""}""", false)]
    [InlineData("<html>", false)]
    public void A_token_is_asked_for_with_who_one_is(string answer, bool isGood)
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        string? question = null;
        string? who = null;
        _registry.Answer = async context =>
        {
            if (context.Request.Url!.AbsolutePath == "/token")
            {
                (question, who) = (context.Request.Url.Query, context.Request.Headers["Authorization"]);
                await HostileRegistry.Say(context, 200, answer);
                return true;
            }

            if (context.Request.Headers["Authorization"] == "Bearer abc")
            {
                return false;
            }

            await HostileRegistry.Say(context, 401, "", ("WWW-Authenticate", $"Bearer realm=\"http://{_registry.Host}/token\",service=\"s t\",scope=\"repository:app:pull\""));
            return true;
        };
        Credentials user = new("anna", "geheim");
        if (isGood)
        {
            _store.Pull(Name, user: user);
            Assert.Equal("?service=s%20t&scope=repository%3Aapp%3Apull", question);
            Assert.Equal($"Basic {Convert.ToBase64String("anna:geheim"u8)}", who);
        }
        else
        {
            Assert.Contains("token", _store.CannotPull(Name, user: user).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_refresh_token_is_given_for_a_token()
    {
        _registry.Has(TestImage.Of("a=one"));
        string? question = null;
        _registry.Answer = async context =>
        {
            if (context.Request.Url!.AbsolutePath == "/token")
            {
                Assert.Null(context.Request.Headers["Authorization"]);
                using StreamReader reader = new(context.Request.InputStream);
                question = await reader.ReadToEndAsync();
                await HostileRegistry.Say(context, 200, """{"access_token":"abc"}""");
                return true;
            }

            if (context.Request.Headers["Authorization"] == "Bearer abc")
            {
                return false;
            }

            await HostileRegistry.Say(context, 401, "", ("WWW-Authenticate", $"Bearer realm=\"http://{_registry.Host}/token\",service=\"s\""));
            return true;
        };
        _store.Pull(Name, user: new Credentials(Credentials.TokenUser, "t0ken"));
        Assert.Equal("grant_type=refresh_token&refresh_token=t0ken&service=s&scope=repository%3Aapp%3Apull&client_id=cdock", question);
    }

    [Fact]
    public void A_token_that_is_of_no_use_is_not_asked_for_for_ever()
    {
        _registry.Answer = async context =>
        {
            bool isToken = context.Request.Url!.AbsolutePath == "/token";
            await HostileRegistry.Say(
                context, isToken ? 200 : 401, """{"token":"abc"}""", ("WWW-Authenticate", $"Bearer realm=\"http://{_registry.Host}/token\",service=\"s\""));
            return true;
        };
        Assert.Equal(ImageFailure.Denied, _store.CannotPull(Name).Failure);
        Assert.True(_registry.Asked.Count <= 4);
    }

    [Fact]
    public void Whatever_a_challenge_is_it_is_read_or_not()
    {
        const string Letters = "Bearer realm=\"x\",, =\t\u00fc";
        Random random = new(1);
        for (int i = 0; i < 50_000; i++)
        {
            Challenge.Parse(string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Letters[random.Next(Letters.Length)])));
        }

        Challenge challenge = Challenge.Parse("Bearer realm=\"https://a/t?x=1,2\",service = s,scope=\"\"")!;
        Assert.Equal(("https://a/t?x=1,2", "s", ""), (challenge.Parameters["realm"], challenge.Parameters["SERVICE"], challenge.Parameters["scope"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_token_that_does_not_come_is_not_waited_for(bool begins)
    {
        _registry.Answer = async context =>
        {
            if (context.Request.Url!.AbsolutePath == "/token")
            {
                await HostileRegistry.Stall(context, begins ? "{\"token\":" : null);
                return true;
            }

            await HostileRegistry.Say(context, 401, "", ("WWW-Authenticate", $"Bearer realm=\"http://{_registry.Host}/token\",service=\"s\""));
            return true;
        };
        ImageException failure = _store.CannotPull(Name, Store.Hasty with { StallTimeout = TimeSpan.FromSeconds(0.3) });
        Assert.Equal(ImageFailure.Unreachable, failure.Failure);
        Assert.EndsWith("cannot be reached: 127.0.0.1 gives no token within 0.3 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_redirection_does_not_learn_the_password()
    {
        TestImage image = TestImage.Of("a=one");
        _registry.Has(image);
        using HostileRegistry elsewhere = new();
        elsewhere.Has(image);
        List<string?> told = [];
        elsewhere.Answer = context =>
        {
            told.Add(context.Request.Headers["Authorization"]);
            return Task.FromResult(false);
        };
        _registry.Answer = async context =>
        {
            if (context.Request.Headers["Authorization"] is null)
            {
                await HostileRegistry.Say(context, 401, "", ("WWW-Authenticate", "Basic realm=\"x\""));
                return true;
            }

            string path = context.Request.Url!.AbsolutePath;
            if (path.Contains("/blobs/", StringComparison.Ordinal))
            {
                await HostileRegistry.Say(context, 307, "", ("Location", $"http://{elsewhere.Host}{path}"));
                return true;
            }

            return false;
        };
        _store.Pull(Name, user: new Credentials("anna", "geheim"));
        Assert.Equal(2, told.Count);
        Assert.All(told, Assert.Null);
    }

    [Fact]
    public async Task An_upload_does_not_go_on_in_plain_where_the_registry_speaks_TLS()
    {
        using DebianRegistry registry = new(wantsUser: true, speaksTls: true, saysPlain: true);
        using HttpResponseMessage begun = await registry.Client.PostAsync("v2/app/blobs/uploads/", content: null, TestContext.Current.CancellationToken);
        Assert.StartsWith($"http://{registry.Host}/v2/app/", begun.Headers.Location!.ToString(), StringComparison.Ordinal);

        // That it comes there at all says that it came by TLS, and with the password.
        TestImage image = TestImage.Of("a=one");
        Assert.Equal(image.Digest, await Push(image, registry.Host, Store.Hasty with { Insecure = ["127.0.0.1"] }));
    }

    [Fact]
    public async Task An_upload_that_goes_on_elsewhere_does_not_take_the_password_along()
    {
        List<string?> told = [];
        using HostileRegistry elsewhere = new();
        elsewhere.Answer = async context =>
        {
            lock (told)
            {
                told.Add(context.Request.Headers["Authorization"]);
            }

            await context.Request.InputStream.CopyToAsync(Stream.Null);
            await HostileRegistry.Say(context, 201, "", ("Location", $"http://{elsewhere.Host}/upload"));
            return true;
        };
        TestImage image = TestImage.Of("a=one");
        _registry.Answer = async context =>
        {
            await context.Request.InputStream.CopyToAsync(Stream.Null);
            (int status, string header, string value) = (context.Request.Headers["Authorization"], context.Request.HttpMethod) switch
            {
                (null, _) => (401, "WWW-Authenticate", "Basic realm=\"x\""),
                (_, "HEAD") => (404, "X-None", ""),
                (_, "POST") => (202, "Location", $"http://{elsewhere.Host}/upload"),
                _ => (201, "X-None", ""),
            };
            await HostileRegistry.Say(context, status, "", (header, value));
            return true;
        };
        Assert.Equal(image.Digest, await Push(image, _registry.Host, Store.Hasty));
        Assert.NotEmpty(told);
        Assert.All(told, Assert.Null);
    }

    private async Task<Oci.Digest> Push(TestImage image, string host, RegistryOptions options)
    {
        using (HostileRegistry first = new())
        {
            first.Has(image);
            _store.Pull($"{first.Host}/app");
            _store.Images.Tag($"{first.Host}/app", $"{host}/app");
        }

        using RegistryClient client = new(options, _ => new Credentials(DebianRegistry.User, DebianRegistry.Password));
        return (await new Pusher(client, _store.Images).Push(ImageReference.Parse($"{host}/app"), _ => { }, TestContext.Current.CancellationToken)).Digest;
    }

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }
}
