using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Containerception.Engine.Tests;

/// <summary>What programs write is kept as docker keeps it, and shown as docker shows it.</summary>
public sealed class LogTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Labels_and_variables_that_are_asked_for_are_noted_beside_each_line()
    {
        _cdock.Ok(
            "run", "-d", "--name", "box", "--runtime", Cdock.Runtime, "--label", "colour=light green", "--label", "other=x", "-e", "MODE=a\"b", "--log-opt", "labels=colour,none", "--log-opt", "env=MODE",
            "host", "sh", "-c", "echo one; echo two >&2");
        _cdock.Ok("wait", "box");

        Outcome plain = _cdock.Do("logs", "box");
        Assert.Equal(("one\n", "two\n"), (plain.Output, plain.Error));
        Outcome detailed = _cdock.Do("logs", "--details", "box");
        Assert.Equal(("MODE=a%22b,colour=light+green one\n", "MODE=a%22b,colour=light+green two\n"), (detailed.Output, detailed.Error));
        Assert.Matches("^\\{\"log\":\"one\\\\n\",\"stream\":\"stdout\",\"attrs\":\\{\"MODE\":\"a.*b\",\"colour\":\"light green\"\\},\"time\":\"", File.ReadLines(Path.Join(_cdock.Root, "containers", _cdock.Ids()[0], "log")).First());
    }

    [Fact]
    public void Labels_and_variables_are_chosen_by_pattern_too()
    {
        _cdock.Ok(
            "run", "-d", "--name", "box", "--runtime", Cdock.Runtime, "--label", "app.tier=web", "--label", "app=x", "--label", "other=y", "-e", "MODE=1", "-e", "MOOD=2", "-e", "WOOD=3",
            "--log-opt", "labels-regex=^app\\.", "--log-opt", "labels=other", "--log-opt", "env-regex=^M(ODE|OOD)$", "host", "echo", "one");
        _cdock.Ok("wait", "box");
        Assert.Equal("MODE=1,MOOD=2,app.tier=web,other=y one", _cdock.Ok("logs", "--details", "box"));
    }

    [Fact]
    public void Each_line_is_a_json_object_of_docker_s()
    {
        string id = _cdock.Detached("lines", "printf 'one \"<&>\\ttab\\001\\n'; echo two >&2; printf '\\377 bad'");
        _cdock.Ok("wait", "lines");

        string[] lines = File.ReadAllLines(Log(id));
        Assert.Equal(3, lines.Length);
        Assert.Matches("^\\{\"log\":\".*\",\"stream\":\"std(out|err)\",\"time\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]{1,9})?Z\"\\}$", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("{\"log\":\"one \\\"\\u003c\\u0026\\u003e\\u0009tab\\u0001\\n\",\"stream\":\"stdout\"", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("{\"log\":\"two\\n\",\"stream\":\"stderr\"", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("{\"log\":\"\\ufffd bad\",\"stream\":\"stdout\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_stream_goes_to_its_own()
    {
        _cdock.Detached("both", "echo out; echo err >&2");
        _cdock.Ok("wait", "both");
        Assert.Equal(new Outcome(0, "out\n", "err\n"), _cdock.Do("logs", "both"));
    }

    [Fact]
    public void A_long_line_is_cut_into_pieces_of_16_kib_and_shown_whole()
    {
        string id = _cdock.Detached("long", "head -c 40000 /dev/zero | tr '\\0' x; echo");
        _cdock.Ok("wait", "long");

        int[] lengths = [.. File.ReadLines(Log(id)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("log").GetString()!.Length)];
        Assert.Equal([16384, 16384, (40000 - (2 * 16384)) + 1], lengths);
        Assert.Equal(new string('x', 40000), _cdock.Ok("logs", "long"));
    }

    [Fact]
    public void Tail_since_until_and_timestamps_choose_and_show()
    {
        _cdock.Detached("many", "for i in 1 2 3; do echo line $i; sleep 0.3; done");
        _cdock.Ok("wait", "many");

        Assert.Equal("line 2\nline 3", _cdock.Ok("logs", "--tail", "2", "many"));
        Assert.Equal("", _cdock.Ok("logs", "--tail", "0", "many"));
        string[] stamped = _cdock.Ok("logs", "-t", "many").Split('\n');
        Assert.Matches("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{9}Z line 1$", stamped[0]);
        string second = stamped[1].Split(' ')[0];
        Assert.Equal("line 2\nline 3", _cdock.Ok("logs", "--since", second, "many"));
        Assert.Equal("line 1\nline 2", _cdock.Ok("logs", "--until", second, "many"));
        Assert.Equal("line 1\nline 2\nline 3", _cdock.Ok("logs", "--since", "10m", "many"));
        Assert.Equal(1, _cdock.Do("logs", "--since", "yesterday", "many").ExitCode);
    }

    [Fact]
    public void Followed_it_comes_as_it_is_written_and_ends_with_the_container()
    {
        _cdock.Detached("talker", "for i in 1 2 3; do echo line $i; sleep 0.3; done");
        using Process follower = _cdock.Start(["logs", "-f", "talker"]);
        Assert.Equal("line 1", follower.StandardOutput.ReadLine());
        Assert.Equal("line 2", follower.StandardOutput.ReadLine());
        Assert.Equal(new Outcome(0, "line 3\n", ""), Cdock.Finish(follower));
    }

    [Fact]
    public void A_full_log_is_rotated_and_old_ones_are_kept_as_many_as_were_asked_for()
    {
        string id = _cdock.Detached("wheel", "i=0; while [ $i -lt 200 ]; do echo line number $i; i=$((i+1)); done", "--log-opt", "max-size=4k", "--log-opt", "max-file=3");
        _cdock.Ok("wait", "wheel");

        string[] files = [.. Directory.GetFiles(Path.GetDirectoryName(Log(id))!, "log*").Select(file => Path.GetFileName(file)).Order()];
        Assert.Equal(["log", "log.1", "log.2"], files);
        Assert.All(files, file => Assert.InRange(new FileInfo(Path.Join(Path.GetDirectoryName(Log(id)), file)).Length, 1, 4096 + 100));
        int[] numbers = [.. _cdock.Ok("logs", "wheel").Split('\n').Select(line => int.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture))];
        Assert.Equal(Enumerable.Range(numbers[0], 200 - numbers[0]), numbers);
    }

    [Fact]
    public void Followed_through_rotations_no_line_is_missing()
    {
        _cdock.Detached(
            "roll", "i=0; while [ $i -lt 300 ]; do echo line number $i; i=$((i+1)); [ $((i % 10)) = 0 ] && sleep 0.02; done", "--log-opt", "max-size=8k", "--log-opt", "max-file=3");
        string[] lines = _cdock.Ok("logs", "-f", "roll").Split('\n');
        Assert.Equal("line number 299", lines[^1]);
        Assert.Equal(lines.Length, lines.Distinct().Count());
    }

    [Fact]
    public void Without_a_log_there_is_none_to_read_and_who_is_attached_still_hears()
    {
        Outcome outcome = _cdock.Do("run", "--name", "mute", "--log-driver", "none", "--runtime", Cdock.Runtime, "host", "echo", "heard");
        Assert.Equal("heard\n", outcome.Output);
        Assert.Equal(1, _cdock.Do("logs", "mute").ExitCode);
        Assert.Empty(Directory.GetFiles(Path.Join(_cdock.Root, "containers", _cdock.Ids()[0]), "log*"));
    }

    [Fact]
    public void The_journal_is_refused_where_there_is_none()
    {
        Needs.Met(!File.Exists("/run/systemd/journal/socket"), "no journal");
        Outcome outcome = _cdock.Do("run", "--rm", "--log-driver", "journald", "--runtime", Cdock.Runtime, "host", "true");
        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("--log-driver journald", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void The_journal_gets_docker_s_fields()
    {
        Needs.Met(!File.Exists("/run/systemd/journal/socket"), "no journal of the machine's own");
        Needs.Program("python3");
        Directory.CreateDirectory("/run/systemd/journal");
        string script = Path.Join(_cdock.Root, "journal.py");
        File.WriteAllText(script, """
            import os, socket, struct, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind("/run/systemd/journal/socket")
            print("ready", flush=True)
            s.settimeout(20)
            for _ in range(2):
                data = s.recv(1 << 20)
                fields = []
                while data:
                    name, data = data.split(b"\n", 1)
                    length = struct.unpack("<Q", data[:8])[0]
                    fields.append(name.decode() + "=" + data[8:8 + length].decode())
                    data = data[8 + length + 1:]
                print(" ".join(sorted(fields)), flush=True)
            """);
        try
        {
            using Process journal = _cdock.Start("python3", [script]);
            Assert.Equal("ready", journal.StandardOutput.ReadLine());
            string id = _cdock.Detached("scribe", "echo spoken; sleep 0.2; echo wrong >&2", "--log-driver", "journald", "--log-opt", "tag=mine",
                "--label", "a.colour=green", "--label", "container_id=forged", "--label", "_=x", "--log-opt", "labels-regex=.", "--log-opt", "env=NONE");
            string[] heard = Cdock.Finish(journal).Output.TrimEnd().Split('\n');
            string common = $"A_COLOUR=green CONTAINER_ID={id[..12]} CONTAINER_ID_FULL={id} CONTAINER_NAME=scribe CONTAINER_TAG=mine IMAGE_NAME=host";
            Assert.Equal($"{common} MESSAGE=spoken PRIORITY=6 SYSLOG_IDENTIFIER=mine", heard[0]);
            Assert.Equal($"{common} MESSAGE=wrong PRIORITY=3 SYSLOG_IDENTIFIER=mine", heard[1]);
            Assert.Contains("journalctl CONTAINER_ID=", _cdock.Do("logs", "scribe").Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete("/run/systemd/journal/socket");
            Directory.Delete("/run/systemd/journal");
        }
    }

    public void Dispose() => _cdock.Dispose();

    private string Log(string id) => Path.Join(_cdock.Root, "containers", id, "log");
}
