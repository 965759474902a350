using System.Diagnostics;
using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class EventsTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void What_happened_is_told_in_dockers_words()
    {
        string id = Started("box", "-v", "data:/data");
        _cdock.Do("pause", "box");
        _cdock.Do("unpause", "box");
        _cdock.Do("rename", "box", "other");
        _cdock.Do("kill", "other");
        _cdock.Do("rm", "other");
        _cdock.Do("volume", "rm", "data");

        string[] lines = Events();
        Assert.Equal(
            "volume create, container create, container start, container pause, container unpause, container rename, container kill, container die, container destroy, volume destroy",
            Sequence(lines));
        Assert.Matches($@"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{9}}\S+ container die {id} \(exitCode=137, image=host, name=box\)$", lines[7]);
        Assert.Matches($@" container kill {id} \(image=host, name=other, signal=9\)$", lines[6]);
        Assert.Matches($@" volume create data \(driver=local\)$", lines[0]);

        Assert.Equal("container die", Sequence(Events("-f", "event=die")));
        Assert.Equal("volume create, volume destroy", Sequence(Events("-f", "type=volume")));
        Assert.Equal("container rename, container kill, container destroy", Sequence(Events("-f", "container=other")));
        Assert.Equal("create host box 1\n", _cdock.Do("events", "--since", "1h", "--until", "0s", "-f", "event=create", "-f", "type=container", "--format", "{{.Status}} {{.From}} {{.Actor.Attributes.name}} {{if gt .Time 1000}}1{{end}}").Output);
        using JsonDocument line = JsonDocument.Parse(_cdock.Do("events", "--since", "1h", "--until", "0s", "-f", "event=start", "--format", "json").Output);
        Assert.Equal(id, line.RootElement.GetProperty("Actor").GetProperty("ID").GetString());
        Assert.Equal("", _cdock.Do("events", "--since", "0s", "--until", "0s").Output);
    }

    [Fact]
    public void What_happens_is_told_at_once()
    {
        using Process process = _cdock.Start(["events", "--format", "{{.Type}} {{.Action}}"]);
        Cdock.Until(() => File.ReadAllText($"/proc/{process.Id}/wchan").Contains("poll", StringComparison.Ordinal), "it waits");

        Started("box");
        Assert.Equal("container create", process.StandardOutput.ReadLine());
        Assert.Equal("container start", process.StandardOutput.ReadLine());
        _cdock.Do("stop", "-t", "0", "box");
        Assert.Equal("container die", process.StandardOutput.ReadLine());
        Assert.Equal("container stop", process.StandardOutput.ReadLine());
        process.Kill();
        process.WaitForExit();
    }

    [Fact]
    public void Those_until_a_time_that_lies_ahead_are_waited_for()
    {
        string end = DateTimeOffset.UtcNow.AddSeconds(2).ToUnixTimeMilliseconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        using Process process = _cdock.Start(["events", "--until", $"{end[..^3]}.{end[^3..]}", "--format", "{{.Action}}"]);
        _cdock.Do("volume", "create", "data");

        Assert.Equal(0, Cdock.Finish(process).ExitCode);
        _cdock.Do("volume", "rm", "data");
    }

    [Fact]
    public void A_large_log_becomes_the_old_one_and_both_are_read()
    {
        Directory.CreateDirectory(_cdock.Root);
        string path = Path.Join(_cdock.Root, "events");
        string old = string.Concat(Enumerable.Repeat("{\"Type\":\"volume\",\"Action\":\"x\",\"Actor\":{\"ID\":\"v\",\"Attributes\":{}},\"time\":1,\"timeNano\":1000000000}\n", 45_000));
        File.WriteAllText(path, "half a li\n" + old);

        _cdock.Do("volume", "create", "one");
        _cdock.Do("volume", "create", "two");

        Assert.True(File.Exists(path + ".old"));
        Assert.Equal(2, File.ReadAllLines(path).Length);
        Assert.Equal(45_000, Events("-f", "event=x", "--since", "0").Length);
        Assert.Equal(2, Events("-f", "event=create").Length);
    }

    [Theory]
    [InlineData("invalid value \"yesterday\" for --since", "events", "--since", "yesterday")]
    [InlineData("invalid filter 'daemon'", "events", "-f", "daemon=x")]
    public void What_is_wrong_is_told(string error, params string[] words)
        => Assert.Equal($"cdock: {error}", _cdock.Do(words).FirstError);

    public void Dispose() => _cdock.Dispose();

    private string Started(string name, params string[] flags)
    {
        Outcome outcome = _cdock.Do(["run", "-d", "--name", name, "--runtime", Cdock.Runtime, .. flags, "host", "sleep", "1000"], input: null);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output.Trim();
    }

    private string[] Events(params string[] flags)
        => _cdock.Do(["events", .. flags.Contains("--since") ? Array.Empty<string>() : ["--since", "1h"], "--until", "0s", .. flags], input: null).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Sequence(string[] lines) => string.Join(", ", lines.Select(line => string.Join(' ', line.Split(' ')[1..3])));
}
