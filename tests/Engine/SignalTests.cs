using System.Diagnostics;

namespace Containerception.Engine.Tests;

public sealed class SignalTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    [InlineData("USR1")]
    [InlineData("USR2")]
    public void A_signal_to_cdock_reaches_the_program_once(string name)
    {
        using Process process = Waiting($"count=0; trap 'count=$((count+1))' {name}; echo ready; n=0; while [ $n -lt 20 ]; do sleep 0.05; n=$((n+1)); done; echo $count");

        Send(name, process);

        Outcome outcome = Cdock.Finish(process);
        Assert.Equal("1\n", outcome.Output);
    }

    [Fact]
    public void A_program_that_a_signal_kills_says_so()
    {
        using Process process = Waiting("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done");

        Send("TERM", process);

        Assert.Equal(5, Cdock.Finish(process).ExitCode);
    }

    [Fact]
    public void Ctrl_c_on_a_terminal_reaches_the_program_once()
    {
        Needs.Program("python3");
        string script = Path.Join(_cdock.Root, "ctrl-c.py");
        File.WriteAllText(script, """
            import os, pty, sys, time
            pid, terminal = pty.fork()
            if pid == 0:
                os.execv(sys.argv[1], sys.argv[1:])
            text = b""
            sent = False
            while True:
                try:
                    part = os.read(terminal, 1000)
                except OSError:
                    break
                if not part:
                    break
                text += part
                if b"ready" in text and not sent:
                    sent = True
                    os.write(terminal, b"\x03")
            sys.stdout.write(text.decode().replace("\r", ""))
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """);
        const string counter = "count=0; trap 'count=$((count+1))' INT; echo ready; n=0; while [ $n -lt 20 ]; do sleep 0.05; n=$((n+1)); done; echo $count times";

        foreach (string[] flags in new string[][] { [], ["-it"] })
        {
            using Process process = _cdock.Start("python3",
                [script, Cdock.Program, "run", "--rm", "--runtime", Cdock.Runtime, .. flags, "host", "sh", "-c", counter]);
            Assert.Contains("1 times", Cdock.Finish(process).Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void With_t_the_program_has_a_terminal()
    {
        Needs.Program("script");

        using Process process = _cdock.Start("script",
            ["-qec", $"{Cdock.Program} run --rm --runtime {Cdock.Runtime} -it host sh -c 'tty; echo $TERM; stty size; exit 9'", "/dev/null"]);
        Outcome outcome = Cdock.Finish(process);

        Assert.Contains("/dev/", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("xterm", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(9, outcome.ExitCode);
    }

    public void Dispose() => _cdock.Dispose();

    private Process Waiting(string script)
    {
        Process process = _cdock.Start(["run", "--rm", "--runtime", Cdock.Runtime, "host", "sh", "-c", script]);
        Assert.Equal("ready", process.StandardOutput.ReadLine());
        return process;
    }

    private static void Send(string name, Process process)
    {
        using Process kill = Process.Start("kill", [$"-{name}", process.Id.ToString(null as IFormatProvider)]);
        kill.WaitForExit();
    }
}
