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
    public void What_is_done_in_a_container_and_taken_out_of_it_is_told()
    {
        Started("box");
        string file = Path.Join(_cdock.Root, "file");
        Assert.Equal(3, _cdock.Do("exec", "box", "sh", "-c", "exit 3").ExitCode);
        _cdock.Ok("cp", "box:/etc/hostname", file);
        _cdock.Ok("cp", file, "box:/tmp/file");
        _cdock.Ok("top", "box");
        _cdock.Ok("update", "--pids-limit", "100", "box");
        _cdock.Ok("run", "--runtime", Cdock.Runtime, "--name", "other", "host", "true");
        _cdock.Ok("container", "prune", "-f");

        Assert.Equal(
            ["create", "start", "exec_create: sh -c exit 3", "exec_start: sh -c exit 3", "exec_die", "archive-path", "extract-to-dir", "top", "update", "create", "attach", "start", "die", "destroy", "prune"],
            Events("-f", "type=container", "--format", "{{.Action}}"));
        Assert.Matches("^container exec_die [0-9a-f]{64} \\(execID=[0-9a-f]{64}, exitCode=3, image=host, name=box\\)$", Assert.Single(Events("-f", "event=exec_die")).Split(' ', 2)[1]);
        Assert.Equal("exec_start: sh -c exit 3", Assert.Single(Events("-f", "event=exec_start", "--format", "{{.Action}}")));
    }

    [Fact]
    public void What_is_done_with_images_is_told()
    {
        TestImage image = TestImage.Busybox().With("Labels", new System.Text.Json.Nodes.JsonObject { ["colour"] = "green" });
        string archive = Path.Join(_cdock.Root, "image.tar");
        File.WriteAllBytes(archive, image.Archive("test"));
        _cdock.Ok("load", "-i", archive);
        string id = _cdock.Ok("images", "-q", "--no-trunc", "test");
        _cdock.Ok("tag", "test", "other:1");
        _cdock.Ok("save", "-o", archive, "test", "other:1");
        _cdock.Ok("rmi", "test");
        _cdock.Ok("run", "--runtime", Cdock.Runtime, "--name", "box", "other:1", "touch", "/new");
        _cdock.Ok("export", "-o", archive, "box");
        string made = _cdock.Ok("commit", "-m", "why", "box", "made:1");
        string imported = _cdock.Ok("import", archive, "brought:1");
        _cdock.Ok("rm", "box");
        _cdock.Ok("rmi", "other:1");
        _cdock.Ok("image", "prune", "-a", "-f");

        string[] lines = [.. Events("--format", "{{.Type}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}").Where(line => !line.StartsWith("container", StringComparison.Ordinal))];
        string[] first = [$"image load {id} {id}", $"image tag {id} other:1", $"image save {id} {id}", $"image untag {id} {id}", $"image tag {made} made:1", $"image tag {imported} brought:1", $"image import {imported} {imported}"];
        Assert.Equal([.. first, $"image untag {id} {id}", $"image delete {id} {id}"], lines[..9]);
        Assert.Equal(
            new[] { $"image untag {made} {made}", $"image untag {imported} {imported}", $"image delete {made} {made}", $"image delete {imported} {imported}" }.Order(StringComparer.Ordinal),
            lines[9..^1].Order(StringComparer.Ordinal));
        Assert.StartsWith("image prune ", lines[^1], StringComparison.Ordinal);
        Assert.Matches($" container commit [0-9a-f]{{64}} \\(comment=why, image=other:1, imageID={made}, imageRef=docker.io/library/made:1, name=box\\)$", Assert.Single(Events("-f", "event=commit")));
        Assert.Matches($" image load {id} \\(colour=green, name={id}\\)$", Assert.Single(Events("-f", "event=load")));
        Assert.Equal("container create, container attach, container start, container die, container export, container commit, container destroy", Sequence(Events("-f", "image=other", "-f", "type=container")));
        Assert.Equal("image tag", Sequence(Events("-f", "image=made")));
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
    {
        Outcome outcome = _cdock.Do(words);
        Assert.Equal((1, $"cdock: {error}"), (outcome.ExitCode, outcome.FirstError));
    }

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
