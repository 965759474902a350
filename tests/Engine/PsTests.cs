using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class PsTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Ps_shows_what_its_format_and_filters_ask_for()
    {
        Made("one", 0, "--label", "kind=a", "--label", "com.x.my-name=first");
        Made("two", 3, "--label", "kind=b");
        Made("three", 3);

        Assert.Equal("", Ps());
        Assert.Equal("three two one", Ps("-a"));
        Assert.Equal("three", Ps("-l"));
        Assert.Equal("three two", Ps("-n", "2"));
        Assert.Equal("three two", Ps("-a", "-f", "exited=3"));
        Assert.Equal("two one", Ps("-a", "-f", "label=kind"));
        Assert.Equal("one", Ps("-a", "-f", "label=kind=a"));
        Assert.Equal("", Ps("-a", "-f", "label=kind=a", "-f", "label=other"));
        Assert.Equal("three two", Ps("-a", "-f", "name=t(w|h)"));
        Assert.Equal("two one", Ps("-a", "-f", "name=^two$", "-f", "name=one"));
        Assert.Equal("one", Ps("-a", "-f", "before=two"));
        Assert.Equal("three", Ps("-a", "-f", "since=two"));
        Assert.Equal("three two one", Ps("-f", "status=exited", "-f", "ancestor=host"));
        Assert.Equal("", Ps("-a", "-f", "ancestor=nothing"));
        string id = _cdock.Do("ps", "-aq", "--no-trunc", "-f", "name=two").Output.Trim();
        Assert.Equal("two", Ps("-a", "-f", $"id={id[..5]}"));

        Assert.Equal(
            "NAMES     my name   STATUS\none       first     Exited (0)\n",
            string.Join('\n', _cdock.Do("ps", "-a", "-f", "name=one", "--format", "table {{.Names}}\\t{{.Label \"com.x.my-name\"}}\\t{{.Status}}").Output
                .Split('\n').Select(line => line.Split(") ")[0] + (line.Contains(") ", StringComparison.Ordinal) ? ")" : ""))));
        Assert.Equal("exited:kind=b\n", _cdock.Do("ps", "-a", "-f", "name=two", "--format", "{{.State}}:{{.Labels}}").Output);
        using JsonDocument line = JsonDocument.Parse(_cdock.Do("ps", "-a", "-f", "name=two", "--format", "{{json .}}").Output);
        Assert.Equal("two", line.RootElement.GetProperty("Names").GetString());
    }

    [Theory]
    [InlineData(1, "failed to parse template: template: :1:5: unclosed action", "ps", "--format", "{{.ID")]
    [InlineData(1, "failed to parse template: template: :1:2: function \"foo\" not defined", "ps", "--format", "{{foo .ID}}")]
    [InlineData(1, "invalid filter 'foo'", "ps", "-f", "foo=bar")]
    [InlineData(125, "invalid argument \"foo\" for \"-f, --filter\" flag: bad format of filter (expected name=value)", "ps", "-f", "foo")]
    [InlineData(1, "invalid filter 'status=up'", "ps", "-f", "status=up")]
    [InlineData(1, "no such container: nobody", "ps", "-f", "since=nobody")]
    public void Ps_says_what_is_wrong(int exitCode, string error, params string[] words)
    {
        Outcome outcome = _cdock.Do(words);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal($"cdock: {error}", outcome.FirstError);
    }

    public void Dispose() => _cdock.Dispose();

    private void Made(string name, int exitCode, params string[] flags)
        => Assert.Equal(
            exitCode,
            _cdock.Do(["run", "--name", name, "--runtime", Cdock.Runtime, .. flags, "host", "sh", "-c", $"exit {exitCode}"], input: null).ExitCode);

    private string Ps(params string[] flags)
        => string.Join(' ', _cdock.Do(["ps", .. flags, "--format", "{{.Names}}"], input: null).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
}
