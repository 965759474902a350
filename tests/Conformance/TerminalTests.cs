using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class TerminalTests : ContainerTest
{
    [Fact]
    public void The_console_socket_receives_the_master()
    {
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sh", "-c", "tty; read line; echo got $line");
        Create("--console-socket", console.Path).Succeeded();
        (int master, string name) = console.Receive();
        try
        {
            Assert.Contains("pt", name, StringComparison.Ordinal);
            Runtime.Invoke("start", Id).Succeeded();
            Assert.Contains("/dev/pts/0", ReadUntil(master, "/dev/pts/0"), StringComparison.Ordinal);
            Posix.Write(master, "hello\n"u8);
            ReadUntil(master, "got hello");
        }
        finally
        {
            Posix.Close(master);
        }

        WaitForStatus("stopped");
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void A_reader_that_goes_away_ends_neither_the_container_nor_its_cleaning_up()
    {
        Config.Set("root.readonly", false);
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sh", "-c", "seq 20000; echo >/tmp/done");
        Bundle.Save();
        Command.Run("script", "--quiet", "--return", "--log-out", "/dev/null", "--command",
            string.Join(' ', Runtime.CommandLine("run", "--bundle", Bundle.Path, Id)) + " </dev/null | head -n 1").Succeeded();
        Assert.True(File.Exists(Bundle.InRoot("/tmp/done")), "the container was ended");
    }

    [Fact]
    public void A_terminal_is_refused_where_the_caller_has_none()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["setsid", "--wait"], "run", "--bundle", Bundle.Path, Id);
        Outcome outcome = run.Wait();
        Assert.Equal(1, outcome.Status);
        Assert.Contains("/dev/tty", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_process_has_a_controlling_terminal()
    {
        JsonNode answer = AskOverConsole("tty");
        Assert.True(answer["stdin"]!.GetValue<bool>());
        Assert.True(answer["stdout"]!.GetValue<bool>());
        Assert.True(answer["stderr"]!.GetValue<bool>());
        Assert.True(answer["controlling"]!.GetValue<bool>());
    }

    [Fact]
    public void The_size_of_the_terminal_is_the_configured_one()
    {
        Config.Set("process.consoleSize", JsonNode.Parse("""{"height": 33, "width": 111}"""));
        JsonNode answer = AskOverConsole("tty");
        Assert.Equal((33, 111), (answer["rows"]!.GetValue<int>(), answer["columns"]!.GetValue<int>()));
    }

    [Fact]
    public void The_terminal_belongs_to_the_user()
    {
        Config.Set("process.user", JsonNode.Parse("""{"uid": 7, "gid": 8}"""));
        Config.Set("process.terminal", true);
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.SetWords("process.args", "/bin/sh", "-c", "stat -L -c 'owner %u' /proc/self/fd/0; sleep 1000");
        string said = StartOverConsole(console, "owner 7", out int master);
        Posix.Close(master);
        Assert.Contains("owner 7", said, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void Dev_console_is_the_terminal()
    {
        Config.Set("process.terminal", true);
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.SetWords("process.args", "/bin/sh", "-c", "echo through the console >/dev/console; sleep 1000");
        string said = StartOverConsole(console, "through the console", out int master);
        Posix.Close(master);
        Assert.Contains("through the console", said, StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void A_terminal_works_in_a_user_namespace()
    {
        Config.WithUserNamespace();
        Assert.True(AskOverConsole("tty")["controlling"]!.GetValue<bool>());
    }

    [Fact]
    public void A_change_of_size_reaches_the_process()
    {
        Config.Set("process.terminal", true);
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.SetWords("process.args", "/bin/sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.02; done");
        StartOverConsole(console, "ready", out int master);
        Posix.SetWindowSize(master, 44, 99);
        Assert.Contains("44 99", ReadUntil(master, "44 99"), StringComparison.Ordinal);
        Posix.Close(master);
        DeleteForced();
    }

    [Fact]
    public void The_callers_own_terminal_serves_run()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sh", "-c", "tty; for i in 1 2 3 4 5 6 7 8 9; do stty size 2>/dev/null && break; sleep 0.1; done");
        Bundle.Save();
        Outcome outcome = Command.Run("script", "--quiet", "--return", "--log-out", "/dev/null", "--command",
            "stty rows 21 cols 77; " + string.Join(' ', Runtime.CommandLine("run", "--bundle", Bundle.Path, Id)));
        Assert.Equal(0, outcome.Status);
        Assert.Contains("/dev/pts/0", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("21 77", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_change_of_the_callers_size_reaches_the_process()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sh", "-c", "for i in $(seq 100); do stty size 2>/dev/null | grep '31 88' && exit; sleep 0.05; done");
        Bundle.Save();
        Outcome outcome = Command.Run("script", "--quiet", "--return", "--log-out", "/dev/null", "--command",
            "stty rows 21 cols 77; (sleep 0.5; stty rows 31 cols 88 </dev/tty) & "
            + string.Join(' ', Runtime.CommandLine("run", "--bundle", Bundle.Path, Id)));
        Assert.Contains("31 88", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_callers_own_terminal_gives_the_status()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/sh", "-c", "exit 7");
        Bundle.Save();
        Assert.Equal(7, Command.Run("script", "--quiet", "--return", "--log-out", "/dev/null", "--command",
            string.Join(' ', Runtime.CommandLine("run", "--bundle", Bundle.Path, Id))).Status);
    }

    [Fact]
    public void The_callers_own_terminal_is_put_back_as_it_was()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        string run = string.Join(' ', Runtime.CommandLine("run", "--bundle", Bundle.Path, Id));
        Outcome outcome = Command.Run("script", "--quiet", "--return", "--log-out", "/dev/null", "--command",
            $"a=$(stty -g); {run}; b=$(stty -g); test \"$a\" = \"$b\" && echo the same");
        Assert.Contains("the same", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Exec_can_have_a_terminal_of_its_own()
    {
        StartDetached();
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Runtime.Invoke("exec", "--tty", "--detach", "--console-socket", console.Path, Id, "/bin/sh", "-c", "tty; sleep 1000").Succeeded();
        (int master, _) = console.Receive();
        Assert.Contains("/dev/pts/0", ReadUntil(master, "/dev/pts/0"), StringComparison.Ordinal);
        Posix.Close(master);
        DeleteForced();
    }

    [Fact]
    public void A_console_socket_without_a_terminal_is_refused()
    {
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.SetWords("process.args", "/bin/true");
        Outcome outcome = Create("--console-socket", console.Path);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("console socket", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_terminal_without_a_console_socket_is_refused_when_nobody_waits()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/true");
        Outcome outcome = Create();
        Assert.Equal(1, outcome.Status);
        Assert.Contains("console socket", outcome.Errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_console_socket_that_nobody_listens_on_is_named()
    {
        Config.Set("process.terminal", true);
        Config.SetWords("process.args", "/bin/true");
        Assert.Equal(1, Create("--console-socket", Path.Combine(Scratch, "nobody")).Status);
    }

    private JsonNode AskOverConsole(params string[] question)
    {
        Config.Set("process.terminal", true);
        using DescriptorSocket console = new(Path.Combine(Scratch, "console"));
        Config.SetWords("process.args", ["/bin/probe", .. question]);
        string said = StartOverConsole(console, "}", out int master);
        Posix.Close(master);
        DeleteForced();
        return JsonNode.Parse(said)!;
    }

    private string StartOverConsole(DescriptorSocket console, string expected, out int master)
    {
        Create("--console-socket", console.Path).Succeeded();
        (master, _) = console.Receive();
        Runtime.Invoke("start", Id).Succeeded();
        return ReadUntil(master, expected);
    }

    private static string ReadUntil(int master, string expected)
    {
        StringBuilder text = new();
        Task reading = Task.Run(() =>
        {
            while (!text.ToString().Contains(expected, StringComparison.Ordinal) && Posix.Read(master) is { Length: > 0 } bytes)
            {
                text.Append(Encoding.UTF8.GetString(bytes));
            }
        });
        Assert.True(reading.Wait(TimeSpan.FromSeconds(10)), $"no '{expected}' in '{text}'");
        return text.ToString();
    }
}
