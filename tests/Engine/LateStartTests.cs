using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>cdock starts ception before it knows what it is for: where nothing comes of that nothing stays, and where something does nobody notices.</summary>
public sealed class LateStartTests : IDisposable
{
    private readonly Cdock _cdock = new();

    public LateStartTests()
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        TestImage.Busybox().Load(_cdock.Root);
    }

    [Fact]
    public void A_supervisor_goes_by_the_runtime_s_name_and_runs_from_a_file_that_nobody_can_write()
    {
        int supervisor = Cdock.SupervisorOf(_cdock.Ok("run", "-d", "--network", "none", "test", "sleep", "1000"));
        Assert.Equal("ception", File.ReadAllText($"/proc/{supervisor}/comm").TrimEnd());
        using SafeFileHandle program = Files.Open($"/proc/{supervisor}/exe", OpenFlags.O_RDONLY);
        Assert.True(FileSystems.Fstatfs(program).Flags.HasFlag(FileSystemFlags.ST_RDONLY));
    }

    [Theory]
    [InlineData("run", "--pull", "never", "no-such-image", "true")]
    [InlineData("run", "--name", "-", "test", "true")]
    [InlineData("run", "-v", "relative/path:/x", "test", "true")]
    [InlineData("run", "-d", "--network", "no-such-network", "test", "true")]
    [InlineData("exec", "no-such-container", "true")]
    public void A_start_that_comes_to_nothing_leaves_no_process(params string[] words)
    {
        Assert.NotEqual(0, _cdock.Do(words).ExitCode);
        Assert.Empty(Started());
    }

    [Fact]
    public void An_exec_of_a_container_that_has_ended_leaves_no_process()
    {
        _cdock.Ok("run", "--name", "ended", "--network", "none", "test", "true");
        Assert.Contains("is not running", _cdock.Do("exec", "ended", "true").Error, StringComparison.Ordinal);
        Assert.Empty(Started());
    }

    [Fact]
    public void An_exec_tells_the_program_s_end_and_what_could_not_be_executed()
    {
        _cdock.Ok("run", "-d", "--name", "box", "--network", "none", "test", "sleep", "1000");
        Assert.Equal(new Outcome(7, "out\n", "err\n"), _cdock.Do("exec", "box", "sh", "-c", "echo out; echo err >&2; exit 7"));
        Assert.Equal(new Outcome(3, "given", ""), _cdock.Do(["exec", "-i", "box", "sh", "-c", "cat; exit 3"], "given"));
        Assert.Equal(137, _cdock.Do("exec", "box", "sh", "-c", "kill -9 $$").ExitCode);
        Assert.Equal(127, _cdock.Do("exec", "box", "no-such-program").ExitCode);
        Assert.Single(Started());
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    [InlineData("USR1", 138)]
    public void What_cdock_is_sent_an_executed_program_gets(string signal, int exitCode)
    {
        _cdock.Ok("run", "-d", "--name", "box", "--network", "none", "test", "sleep", "1000");
        using Process exec = _cdock.Start(["exec", "box", "sh", "-c", "echo begun; sleep 1000"]);
        Assert.Equal("begun", exec.StandardOutput.ReadLine());
        Send(signal, exec.Id);
        Assert.Equal(exitCode, Cdock.Finish(exec).ExitCode);
    }

    [Fact]
    public void A_container_of_another_runtime_is_entered_by_that()
    {
        string other = Path.Join(_cdock.Root, "other");
        File.Copy(Path.Join(Cdock.Out, "ception"), other);
        _cdock.Ok("run", "-d", "--name", "box", "--runtime", other, "--network", "none", "test", "sleep", "1000");
        Assert.Equal("in it", _cdock.Ok("exec", "box", "echo", "in it"));
        Assert.Single(Started());
    }

    [Fact]
    public void A_cdock_that_is_killed_before_it_knows_what_for_takes_the_program_with_it()
    {
        using (Waiting("run", "--name", "box", "--network", "none", "test", "true"))
        {
            int program = Assert.Single(Started());
            Assert.Contains(Path.Join(_cdock.Root, "containers"), File.ReadAllText($"/proc/{program}/cmdline"), StringComparison.Ordinal);
            Send("KILL", CdockOf(program));
            Cdock.Until(() => Started().Length == 0, "it has ended with cdock");
        }

        Assert.Equal("again", _cdock.Ok("run", "--rm", "--name", "box", "--network", "none", "test", "echo", "again"));
    }

    [Fact]
    public void A_signal_that_comes_meanwhile_waits_for_the_program()
    {
        using Waiter waiter = Waiting("run", "--name", "box", "--network", "none", "test", "sh", "-c", "trap 'exit 9' USR1; while :; do sleep 0.1; done");

        // From here on signals wait; before, this one ends cdock.
        Cdock.Until(() => Blocks(waiter.Process.Id, Signal.SIGUSR1), "cdock keeps its signals");

        // It would end cdock; and pid 1 of a container, which has no trap yet, it does nothing to.
        Send("USR1", waiter.Process.Id);
        waiter.LetGo();
        Cdock.Until(() => _cdock.Ok("ps").Contains("box", StringComparison.Ordinal), "the container runs");
        Send("USR1", waiter.Process.Id);
        Assert.Equal(9, Cdock.Finish(waiter.Process).ExitCode);
    }

    [Fact]
    public void A_supervisor_that_is_killed_before_it_is_told_anything_is_no_container()
    {
        using Waiter waiter = Waiting("run", "-d", "--name", "box", "--network", "none", "test", "sleep", "1000");
        Send("KILL", Assert.Single(Started()));
        waiter.LetGo();
        Outcome outcome = Cdock.Finish(waiter.Process);
        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("supervisor ended before it began", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void A_signal_that_cdock_was_started_to_ignore_is_none_for_the_program_either()
    {
        _cdock.Ok("run", "-d", "--name", "box", "--network", "none", "test", "sleep", "1000");
        using Process exec = _cdock.Start("sh", ["-c", $"trap '' HUP; exec {Cdock.Program} exec box sh -c 'echo begun; sleep 1; exit 5'"]);
        Assert.Equal("begun", exec.StandardOutput.ReadLine());
        Send("HUP", exec.Id);
        Assert.Equal(5, Cdock.Finish(exec).ExitCode);
    }

    [Theory]
    [InlineData("<&-")]
    [InlineData(">&-")]
    [InlineData("2>&-")]
    public void A_stream_that_the_caller_has_closed_is_nothing_to_stumble_over(string closed)
    {
        _cdock.Ok("run", "-d", "--name", "box", "--network", "none", "test", "sleep", "1000");
        using Process shell = _cdock.Start("sh", ["-c", $"{Cdock.Program} exec -i box true {closed} && {Cdock.Program} run --rm -i --network none test true {closed}"]);
        Outcome outcome = Cdock.Finish(shell);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public void More_descriptors_than_one_message_carries_arrive_in_their_order_and_within_the_usual_limit()
    {
        const int First = 21_000;
        const int Count = 600;
        _cdock.Ok("network", "create", "town");
        using Process shell = _cdock.Start("sh", ["-c", string.Create(
            CultureInfo.InvariantCulture,
            $"ulimit -n 1024; exec {Cdock.Program} run -d --name box --network town -p 127.0.0.1:{First}-{First + Count - 1}:{First}-{First + Count - 1} test sleep 1000")]);
        Outcome started = Cdock.Finish(shell);
        Assert.Equal((0, ""), (started.ExitCode, started.Error));

        string id = started.Output.TrimEnd();
        int supervisor = Cdock.SupervisorOf(id);
        using JsonDocument plan = JsonDocument.Parse(File.ReadAllText(Path.Join(_cdock.Root, "containers", id, "supervise.json")));
        string[] held = [.. plan.RootElement.GetProperty("held").EnumerateArray().Select(key => key.GetString()!)];
        Assert.Equal(Count, held.Length);
        using SafeFileHandle pidfd = Processes.PidfdOpen(supervisor);
        int number = plan.RootElement.GetProperty("dns").GetProperty("tcp").GetInt32();
        foreach (string key in held)
        {
            using SafeFileHandle descriptor = Processes.PidfdGetFd(pidfd, ++number);
            using SafeSocketHandle handle = new(descriptor.DangerousGetHandle(), ownsHandle: false);
            using Socket socket = new(handle);
            Assert.StartsWith($"tcp {socket.LocalEndPoint} ", key + " ", StringComparison.Ordinal);
        }
    }

    public void Dispose() => _cdock.Dispose();

    private static void Send(string signal, int pid)
    {
        using Process kill = Process.Start("kill", ["-s", signal, pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static bool Blocks(int pid, Signal signal)
        => new SignalSet(ulong.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("SigBlk:", StringComparison.Ordinal))[7..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).Contains(signal);

    private static int CdockOf(int program)
        => int.Parse(File.ReadLines($"/proc/{program}/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture);

    // ception that waits to be told what it is for, or keeps a container.
    private static int[] Started()
        => [.. Directory.GetDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Select(int.Parse).Where(pid => CommandLine(pid) is [var program, var verb, ..]
            && program == Path.Join(Cdock.Out, "ception") && verb is "later" or "supervise")];

    private static string[] CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>Starts cdock, which cannot make a container's directory meanwhile.</summary>
    private Waiter Waiting(params string[] words)
    {
        _cdock.Ok("run", "--rm", "--network", "none", "test", "true");
        SafeFileHandle gate = Files.Open(Path.Join(_cdock.Root, "gate"), OpenFlags.O_RDWR);
        FileContents.Flock(gate);
        Waiter waiter = new(_cdock.Start(words), gate);
        Cdock.Until(() => Started().Length == 1, "the program is started");
        return waiter;
    }

    private sealed class Waiter(Process process, SafeFileHandle gate) : IDisposable
    {
        public Process Process { get; } = process;

        public void LetGo() => gate.Dispose();

        public void Dispose()
        {
            gate.Dispose();
            Process.Dispose();
        }
    }
}
