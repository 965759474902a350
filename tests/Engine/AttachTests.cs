using System.Diagnostics;
using System.Globalization;
using Containerception.Linux;

namespace Containerception.Engine.Tests;

/// <summary>Clients of a container: they come, go, are killed and do not read, and the container goes on.</summary>
public sealed class AttachTests : IDisposable
{
    // Runs a command on a terminal of its own; each further argument is "what is waited for=what is typed then".
    private const string Typist = """
        import os, pty, sys, time
        at = sys.argv.index("--")
        steps = [s.encode().decode("unicode_escape").split("=", 1) for s in sys.argv[1:at]]
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(sys.argv[at + 1], sys.argv[at + 1:])
        text = ""
        seen = 0
        while steps and steps[0][0] == "":
            time.sleep(0.5)
            os.write(terminal, steps.pop(0)[1].encode())
        while True:
            try:
                part = os.read(terminal, 1000)
            except OSError:
                break
            if not part:
                break
            text += part.decode(errors="replace")
            while steps and steps[0][0] in text[seen:]:
                seen = text.index(steps[0][0], seen) + len(steps[0][0])
                os.write(terminal, steps.pop(0)[1].encode())
        sys.stdout.write(text.replace("\r", ""))
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """;

    private readonly Cdock _cdock = new();

    [Theory]
    [InlineData("", "out\n", "err\n")]
    [InlineData("stdout", "out\n", "")]
    [InlineData("STDERR", "", "err\n")]
    public void Only_the_streams_that_are_asked_for_are_joined(string stream, string output, string error)
    {
        string[] flags = stream.Length == 0 ? [] : ["-a", stream];

        Outcome outcome = _cdock.Shell("echo out; echo err >&2; exit 3", flags);

        Assert.Equal((3, output, error), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Theory]
    [InlineData("printf typed |", "")]
    [InlineData("", "</tmp/typed")]
    public void With_its_input_alone_a_container_is_fed_told_by_its_id_and_left_running(string before, string after)
    {
        string typed = Path.Join(_cdock.Root, "typed");
        File.WriteAllText(typed, "typed");
        string line = $"{before} {Cdock.Program} run --name box --runtime {Cdock.Runtime} -i -a stdin host sh -c 'cat >/tmp/got; exec sleep 1000' {after.Replace("/tmp/typed", typed, StringComparison.Ordinal)}";
        using Process shell = _cdock.Start("sh", ["-c", line]);

        Outcome outcome = Cdock.Finish(shell);
        Assert.Equal(new Outcome(0, _cdock.Ids()[0] + "\n", ""), outcome);
        Cdock.Until(() => _cdock.Ok("exec", "box", "cat", "/tmp/got") == "typed", "the program has read it");
        Assert.Equal("running", _cdock.Status(_cdock.Ids()[0]).GetProperty("state").GetString());
    }

    [Fact]
    public void Without_an_input_there_is_nothing_to_wait_for_then()
    {
        Outcome outcome = _cdock.Do("run", "--name", "box", "--runtime", Cdock.Runtime, "-a", "stdin", "host", "sleep", "1000");
        Assert.Equal(new Outcome(0, _cdock.Ids()[0] + "\n", ""), outcome);
    }

    [Fact]
    public void Without_its_stream_the_input_is_not_read()
    {
        Outcome outcome = _cdock.Do(["run", "--name", "box", "--runtime", Cdock.Runtime, "-i", "-a", "stdin", "-a", "stdout", "host", "cat"], "typed");
        Assert.Equal("typed", outcome.Output);
        Assert.Equal("true true false", _cdock.Ok("inspect", "-f", "{{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.AttachStderr}}", "box"));
        Assert.Equal("", _cdock.Do(["run", "--rm", "--runtime", Cdock.Runtime, "-i", "-a", "stdout", "host", "sh", "-c", "timeout 1 cat; true"], "typed").Output);
    }

    [Fact]
    public void Who_attaches_hears_what_comes_and_gets_the_exit_code()
    {
        _cdock.Detached("speaker", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.02; done; echo out; echo err >&2; exit 4");
        using Process client = _cdock.Start(["attach", "speaker"]);
        Assert.Equal("tick", client.StandardOutput.ReadLine());
        _cdock.Ok("exec", "speaker", "touch", "/tmp/go");
        Outcome outcome = Cdock.Finish(client);
        Assert.Equal((4, "err\n"), (outcome.ExitCode, outcome.Error));
        Assert.Equal("out", outcome.Output.Replace("tick\n", "", StringComparison.Ordinal).TrimEnd());
    }

    [Fact]
    public void Standard_input_goes_in_and_its_end_too_when_the_container_was_started_for_it()
    {
        Assert.Equal("in\n", _cdock.Do(["run", "--rm", "-i", "--runtime", Cdock.Runtime, "host", "cat"], "in\n").Output);

        // A regular file, which epoll does not know, and more than all buffers on the way hold.
        string large = string.Concat(Enumerable.Range(0, 100_000).Select(i => $"line {i}\n"));
        string file = Path.Join(_cdock.Root, "large");
        File.WriteAllText(file, large);
        foreach (string input in new[] { $"<{file}", $"cat {file} |" })
        {
            string run = $"{Cdock.Program} run --rm -i --runtime {Cdock.Runtime} host cat";
            using Process process = _cdock.Start("sh", ["-c", input[0] == '<' ? run + input : input + run]);
            Assert.Equal(large, Cdock.Finish(process).Output);
        }
    }

    [Fact]
    public void Of_an_input_that_has_ended_before_it_is_read_nothing_is_lost()
    {
        // More than the pipe and a frame on the way hold: so some is still to be read when the writer is gone.
        using Process process = _cdock.Start("sh", ["-c", $"head -c 140000 /dev/zero | {Cdock.Program} run --rm -i --runtime {Cdock.Runtime} host sh -c 'sleep 1; wc -c'"]);
        Assert.Equal("140000\n", Cdock.Finish(process).Output);
    }

    [Fact]
    public void After_the_end_of_its_input_a_client_waits_without_being_busy()
    {
        using Process client = _cdock.Start(["run", "--rm", "-i", "--runtime", Cdock.Runtime, "host", "sh", "-c", "cat; sleep 2"], redirectsInput: true);
        client.StandardInput.WriteLine("all");
        client.StandardInput.Close();
        Assert.Equal("all", client.StandardOutput.ReadLine());
        client.Refresh();
        TimeSpan before = client.TotalProcessorTime;
        Thread.Sleep(1000);
        client.Refresh();
        Assert.InRange((client.TotalProcessorTime - before).TotalMilliseconds, 0, 100);
        Assert.Equal(0, Cdock.Finish(client).ExitCode);
    }

    [Fact]
    public void What_two_clients_send_at_once_all_reaches_the_program()
    {
        string file = Path.Join(_cdock.Root, "input");
        File.WriteAllBytes(file, new byte[140_000]);
        _cdock.Detached("reader", "while [ ! -e /tmp/go ]; do sleep 0.02; done; head -c 280000 | wc -c", "-i");
        string attach = $"exec {Cdock.Program} attach reader <{file}";
        using Process one = _cdock.Start("sh", ["-c", attach]);
        using Process other = _cdock.Start("sh", ["-c", attach]);
        Thread.Sleep(500);
        _cdock.Ok("exec", "reader", "touch", "/tmp/go");
        Assert.Equal("280000\n", Cdock.Finish(one).Output);
        Assert.Equal("280000\n", Cdock.Finish(other).Output);
    }

    [Fact]
    public void A_detached_container_with_an_input_keeps_it_when_a_client_s_ends()
    {
        string id = _cdock.Detached("reader", "while read line; do echo got $line; done; echo over", "-i");
        using (Process client = _cdock.Start(["attach", "reader"], redirectsInput: true))
        {
            client.StandardInput.WriteLine("one");
            client.StandardInput.Close();
            Assert.Equal("got one", client.StandardOutput.ReadLine());
            client.Kill();
        }

        using Process other = _cdock.Start(["attach", "reader"], redirectsInput: true);
        other.StandardInput.WriteLine("two");
        Assert.Equal("got two", other.StandardOutput.ReadLine());
        Assert.Equal("running", _cdock.Status(id).GetProperty("state").GetString());
        other.Kill();
        Assert.Equal("got one\ngot two", _cdock.Ok("logs", "reader"));
    }

    [Fact]
    public void A_client_that_is_killed_leaves_a_container_that_goes_on()
    {
        using Process client = _cdock.Start(["run", "--name", "survivor", "--runtime", Cdock.Runtime, "host", "sh", "-c", "echo begun; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo done; exit 6"]);
        Assert.Equal("begun", client.StandardOutput.ReadLine());
        client.Kill();
        client.WaitForExit();
        _cdock.Ok("exec", "survivor", "touch", "/tmp/go");
        Assert.Equal("6", _cdock.Ok("wait", "survivor"));
        Assert.Equal("begun\ndone", _cdock.Ok("logs", "survivor"));
    }

    [Fact]
    public void A_client_that_is_killed_while_its_input_waits_leaves_a_program_that_reads_to_the_end()
    {
        // More than the pipe holds.
        string file = Path.Join(_cdock.Root, "input");
        File.WriteAllBytes(file, new byte[140_000]);
        const string Script = "echo begun; while [ ! -e /tmp/go ]; do sleep 0.02; done; wc -c";
        using Process client = _cdock.Start("sh", ["-c", $"exec {Cdock.Program} run --name reader -i --runtime {Cdock.Runtime} host sh -c '{Script}' <{file}"]);
        Assert.Equal("begun", client.StandardOutput.ReadLine());
        Thread.Sleep(300);
        client.Kill();
        client.WaitForExit();
        _cdock.Ok("exec", "reader", "touch", "/tmp/go");
        _cdock.Ok("wait", "reader");
        Assert.InRange(int.Parse(_cdock.Ok("logs", "reader").Split('\n')[1], CultureInfo.InvariantCulture), 65536, 140_000);
    }

    [Fact]
    public void A_client_that_is_killed_while_the_program_speaks_leaves_one_that_reads_to_the_end()
    {
        string place = Directory.CreateDirectory(Path.Join(_cdock.Root, "place")).FullName;
        const string Script = "echo begun; while [ ! -e /place/go ]; do sleep 0.02; done; echo tick; touch /place/told; cat; exit 6";
        using Process client = _cdock.Start(
            ["run", "--name", "speaker", "-i", "-v", $"{place}:/place", "--runtime", Cdock.Runtime, "host", "sh", "-c", Script], redirectsInput: true);
        Assert.Equal("begun", client.StandardOutput.ReadLine());

        // So the supervisor first hears of what it cannot pass on any more.
        int supervisor = Cdock.SupervisorOf(_cdock.Ids()[0]);
        Processes.Kill(supervisor, Signal.SIGSTOP);
        File.WriteAllText(Path.Join(place, "go"), "");
        Cdock.Until(() => File.Exists(Path.Join(place, "told")), "it has spoken");
        client.Kill();
        client.WaitForExit();
        Processes.Kill(supervisor, Signal.SIGCONT);
        Assert.Equal("6", _cdock.Ok("wait", "speaker"));
    }

    [Fact]
    public void Who_attaches_to_a_supervisor_that_ends_before_it_takes_the_connection_is_told_that_it_is_gone()
    {
        string id = _cdock.Detached("box", "exec sleep 1000");
        int supervisor = Cdock.SupervisorOf(id);
        Processes.Kill(supervisor, Signal.SIGSTOP);
        using Process client = _cdock.Start(["attach", "box"]);
        Cdock.Until(() => File.ReadAllText($"/proc/{client.Id}/wchan").Contains("epoll", StringComparison.Ordinal), "it waits for the supervisor");
        Processes.Kill(supervisor, Signal.SIGKILL);

        Outcome outcome = Cdock.Finish(client);
        Assert.Equal((1, "cdock: the container's supervisor is gone"), (outcome.ExitCode, outcome.FirstError));
    }

    [Fact]
    public void A_foreground_client_that_reads_slowly_gets_every_byte()
    {
        using Process client = _cdock.Start(["run", "--rm", "--runtime", Cdock.Runtime, "host", "sh", "-c", "i=0; while [ $i -lt 40000 ]; do echo $i 0123456789012345678901234567890123456789012345678901234567890123456789; i=$((i+1)); done"]);
        Thread.Sleep(1500);
        string[] lines = Cdock.Finish(client).Output.TrimEnd().Split('\n');
        Assert.Equal(40_000, lines.Length);
        Assert.StartsWith("39999 ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_attached_client_that_does_not_read_holds_nobody_up()
    {
        _cdock.Detached("flood", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.02; done; yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 20000000; touch /tmp/through; sleep 100", "--log-opt", "max-size=100k");
        using Process client = _cdock.Start(["attach", "flood"]);
        Assert.Equal("tick", client.StandardOutput.ReadLine());
        using (Process stop = Process.Start("kill", ["-STOP", $"{client.Id}"]))
        {
            stop.WaitForExit();
        }

        _cdock.Ok("exec", "flood", "touch", "/tmp/go");
        Cdock.Until(() => _cdock.Do("exec", "flood", "test", "-e", "/tmp/through").ExitCode == 0, "all is written");
        client.Kill();
    }

    [Fact]
    public void When_nobody_reads_any_more_the_program_hears_of_it_as_from_any_pipe()
    {
        using Process pipeline = _cdock.Start("sh", ["-c", $"{Cdock.Program} run --rm --runtime {Cdock.Runtime} host yes | head -n 1"]);
        Assert.Equal(new Outcome(0, "y\n", ""), Cdock.Finish(pipeline) with { Error = "" });
        Cdock.Until(() => _cdock.Ids().Length == 0, "it has ended");
    }

    [Fact]
    public void A_signal_is_not_stuck_behind_an_input_that_nobody_reads()
    {
        string ready = Path.Join(_cdock.Root, "ready");
        using Process client = _cdock.Start("sh",
        [
            "-c", $"yes | head -c 4000000 | timeout -k 20 -s TERM 2 {Cdock.Program} run --rm -i --runtime {Cdock.Runtime} host sh -c " +
            "'trap \"exit 8\" TERM; while :; do sleep 0.02; done'; echo ended with $? >" + ready,
        ]);
        Cdock.Finish(client);

        // 124: timeout(1) has sent its signal, and no other was needed.
        Assert.Equal("ended with 124\n", File.ReadAllText(ready));
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void The_detach_keys_leave_it_running_and_attach_comes_back()
    {
        Outcome left = OnTerminal(["$=echo hello\\n", "hello\\r\\n$=\\x10\\x11"], "run", "-it", "--name", "shell", "--runtime", Cdock.Runtime, "-e", "PS1=$", "host", "sh");
        Assert.Equal(0, left.ExitCode);
        Assert.Equal("shell", _cdock.Ok("ps", "--format", "{{.Names}}"));

        Outcome back = OnTerminal(["=\\n", "$=exit 5\\n"], "attach", "shell");
        Assert.Equal(5, back.ExitCode);
    }

    [Fact]
    public void The_terminal_has_the_size_of_the_client_s()
    {
        Needs.Program("script");
        using Process process = _cdock.Start("script",
            ["-qec", $"stty rows 33 cols 77; {Cdock.Program} run --rm --runtime {Cdock.Runtime} -it host stty size", "/dev/null"]);
        Assert.Contains("33 77", Cdock.Finish(process).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_detached_container_can_have_a_terminal()
    {
        _cdock.Detached("console", "tty; test -t 0 && echo yes", "-t");
        _cdock.Ok("wait", "console");
        Assert.Matches("^/dev/(pts/0|console)\r\nyes\r$", _cdock.Ok("logs", "console"));
    }

    [Fact]
    public void Started_and_attached_it_passes_its_words_and_exit_code_on()
    {
        _cdock.Ok("create", "--name", "made", "-i", "--runtime", Cdock.Runtime, "host", "sh", "-c", "read line; echo got $line; exit 3");
        Outcome outcome = _cdock.Do(["start", "-ai", "made"], "this\n");
        Assert.Equal(new Outcome(3, "got this\n", ""), outcome);
    }

    public void Dispose() => _cdock.Dispose();

    private Outcome OnTerminal(string[] steps, params string[] words)
    {
        Needs.Program("python3");
        string script = Path.Join(_cdock.Root, "typist.py");
        File.WriteAllText(script, Typist);
        using Process process = _cdock.Start("timeout", ["-s", "KILL", "30", "python3", script, .. steps, "--", Cdock.Program, .. words]);
        return Cdock.Finish(process);
    }
}
