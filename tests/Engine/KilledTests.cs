using System.Diagnostics;
using System.Text.Json;

namespace Containerception.Engine.Tests;

/// <summary>
/// cdock, or a container's supervisor, is killed at its system calls in turn: the next command sets right what is left, and every name can be
/// used again. strace(1) kills, so that the programs under test are those that users have.
/// </summary>
public sealed class KilledTests : IDisposable
{
    /// <summary>Every so manyeth call, so that it takes seconds; the long tests try more.</summary>
    private const int Stride = 41;

    /// <summary>Prime to the other, so that they meet other calls.</summary>
    private const int LongStride = 12;

    private readonly Cdock _cdock = new();
    private string _root = "host";
    private readonly string _seconds = $"98{Random.Shared.Next(1_000_000, 9_999_999)}";

    public KilledTests() => Needs.Program("strace");

    [Theory]
    [InlineData("create")]
    [InlineData("run -d")]
    [InlineData("run")]
    [InlineData("run --rm -d")]
    [InlineData("start")]
    [InlineData("stop -t 0")]
    [InlineData("rm -f")]
    [InlineData("restart -t 0")]
    public void Cdock_killed_at_its_calls_leaves_nothing_stuck(string verb) => CdockKilled(verb, Stride);

    [Theory]
    [InlineData("run -d")]
    [InlineData("run --rm")]
    public void Cdock_killed_after_it_has_started_the_supervisor_of_an_image_leaves_nothing_stuck(string verb)
    {
        TestImage.Busybox().Load(_cdock.Root);
        _root = "test";
        CdockKilled(verb, Stride);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_supervisor_killed_at_its_calls_takes_its_container_with_it(bool autoRemove) => SupervisorKilled(autoRemove, Stride);

    [Theory]
    [Trait("category", "long")]
    [InlineData("create")]
    [InlineData("run -d")]
    [InlineData("start")]
    [InlineData("rm -f")]
    public void Cdock_killed_at_more_of_its_calls_leaves_nothing_stuck(string verb) => CdockKilled(verb, LongStride);

    [Fact]
    [Trait("category", "long")]
    public void A_supervisor_killed_at_more_of_its_calls_takes_its_container_with_it() => SupervisorKilled(autoRemove: false, LongStride);

    [Fact]
    public void A_supervisor_that_is_killed_is_told_of_and_the_container_can_be_started_again()
    {
        string id = _cdock.Detached("orphan", $"sleep {_seconds}");
        Kill(Cdock.SupervisorOf(id));
        Cdock.Until(() => _cdock.Ok("ps", "-a").Contains("Exited (137)", StringComparison.Ordinal), "it is shown as ended");
        Assert.Empty(Left());
        Assert.Contains("its supervisor was killed", _cdock.Ok("why", "orphan"), StringComparison.Ordinal);
        _cdock.Ok("start", "orphan");
        Assert.Equal("running", _cdock.Status(id).GetProperty("state").GetString());
    }

    [Fact]
    public void Who_is_attached_hears_of_the_supervisor_s_end()
    {
        using Process client = _cdock.Start(["run", "--name", "watched", "--runtime", Cdock.Runtime, "host", "sh", "-c", $"echo begun; sleep {_seconds}"]);
        Assert.Equal("begun", client.StandardOutput.ReadLine());
        Kill(Cdock.SupervisorOf(_cdock.Ids()[0]));
        Outcome outcome = Cdock.Finish(client);
        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("the supervisor of watched was killed", outcome.Error, StringComparison.Ordinal);

        // The kernel has sent them SIGKILL with the supervisor's end; to die takes them a moment.
        Cdock.Until(() => Left().Length == 0, "its processes have ended with it");
    }

    [Fact]
    public void Who_follows_the_log_hears_of_the_supervisor_s_end()
    {
        string id = _cdock.Detached("talker", $"echo begun; sleep {_seconds}");
        using Process follower = _cdock.Start(["logs", "-f", "talker"]);
        Assert.Equal("begun", follower.StandardOutput.ReadLine());
        Kill(Cdock.SupervisorOf(id));
        Assert.Equal(new Outcome(0, "", ""), Cdock.Finish(follower));
    }

    [Fact]
    public void After_a_reboot_what_ran_has_ended_and_can_be_started_again()
    {
        string id = _cdock.Detached("sleeper", $"sleep {_seconds}", "--restart", "always");
        string ended = _cdock.Detached("ended", "exit 3");
        _cdock.Ok("wait", "ended");
        Kill(Cdock.SupervisorOf(id));
        Reboot(id);

        string listed = _cdock.Ok("ps", "-a");
        Assert.Matches("Exited \\(255\\).* sleeper", listed);
        Assert.Matches("Exited \\(3\\).* ended", listed);
        Assert.Contains("the machine was started anew", _cdock.Ok("why", "sleeper"), StringComparison.Ordinal);
        _cdock.Ok("start", "sleeper");
        Assert.Equal("running", _cdock.Status(id).GetProperty("state").GetString());
        Assert.Equal(3, _cdock.Status(ended).GetProperty("exitCode").GetInt32());
    }

    public void Dispose()
    {
        _cdock.Dispose();
        Assert.Empty(Left());
    }

    private void CdockKilled(string verb, int stride)
    {
        string[] words = [.. verb.Split(' '), .. verb.StartsWith("run", StringComparison.Ordinal) || verb == "create"
            ? [.. (string[])["--name", "victim", "--runtime", Cdock.Runtime], .. Command(verb)]
            : (string[])["victim"]];
        Prepare(verb);
        SystemCall[] calls = Traced(words);
        End();
        int tried = 0;
        foreach (SystemCall call in SystemCall.Some(calls, stride))
        {
            Prepare(verb);
            Strace(["-o", "/dev/null", "-e", call.Kill, Cdock.Program, .. words]);
            Outcome next = _cdock.Do("ps", "-a");
            Assert.True(next.ExitCode == 0, $"{verb} killed at its call {call}: {next.Error}");
            if (verb is "start" or "stop -t 0" or "restart -t 0")
            {
                Outcome again = _cdock.Do("start", "victim");
                Assert.True(again.ExitCode == 0, $"{verb} killed at its call {call}, then started: {again.Error}");
                Assert.Equal(0, _cdock.Do("exec", "victim", "true").ExitCode);
            }

            End($"{verb} killed at its call {call}");
            tried++;
        }

        Assert.True(tried > 5, $"only {tried} calls of {calls.Length} were tried");
    }

    private void SupervisorKilled(bool autoRemove, int stride)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        string folder = Directory.CreateDirectory(Path.Join(_cdock.Root, "bin")).FullName;
        string cdock = Path.Join(folder, "cdock");
        string trace = Path.Join(_cdock.Root, "trace");
        File.Copy(Cdock.Program, cdock);
        string[] run = ["run", "-d", "--name", "victim", .. autoRemove ? (string[])["--rm"] : [], "host", "sh", "-c", $"echo one; sleep 0.05; exec sleep {_seconds}"];

        // Whatever it is started as, it is the runtime too; only as a supervisor it is killed.
        void Wrap(string flags) => WriteProgram(Path.Join(folder, "ception"), $"[ \"$1\" = supervise ] && exec strace {flags} {Cdock.Out}/ception \"$@\"\nexec {Cdock.Out}/ception \"$@\"");
        Wrap($"-o {trace}");
        Finish(cdock, run);
        _cdock.Ok("kill", "victim");
        End();
        SystemCall[] calls = SystemCall.Read(trace);
        int tried = 0;
        foreach (SystemCall call in SystemCall.Some(calls, stride))
        {
            Wrap($"-o /dev/null -e {call.Kill}");
            Finish(cdock, run);
            Finish(cdock, ["kill", "victim"]);
            Outcome next = _cdock.Do("ps", "-a");
            Assert.True(next.ExitCode == 0, $"a supervisor killed at its call {call}: {next.Error}");
            End($"a supervisor killed at its call {call}");
            tried++;
        }

        Assert.True(tried > 5, $"only {tried} calls of {calls.Length} were tried");
    }

    private string[] Command(string verb) => [_root, .. verb is "run" or "run --rm" ? (string[])["true"] : ["sleep", _seconds]];

    private void Prepare(string verb)
    {
        if (verb == "start")
        {
            _cdock.Ok(["create", "--name", "victim", "--runtime", Cdock.Runtime, .. Command(verb)]);
        }
        else if (verb is "rm -f" or "stop -t 0" or "restart -t 0")
        {
            _cdock.Ok(["run", "-d", "--name", "victim", "--runtime", Cdock.Runtime, .. Command(verb)]);
        }
    }

    private void End(string after = "a whole run")
    {
        _cdock.Do("rm", "-f", "victim");
        Cdock.Until(() => { _cdock.Do("ps"); return _cdock.Ids().Length == 0 && Left().Length == 0; }, $"after {after} nothing is left: {string.Join(' ', _cdock.Ids())} {string.Join(' ', Left())}");
        string states = Path.Join(_cdock.Root, "run", "ception");
        Assert.True(!Directory.Exists(states) || Directory.GetFileSystemEntries(states).All(path => Path.GetFileName(path) == ".@filters"), $"after {after} the runtime has a state left");
    }

    private SystemCall[] Traced(string[] words)
    {
        string trace = Path.Join(_cdock.Root, "trace");
        Strace(["-o", trace, Cdock.Program, .. words]);
        return SystemCall.Read(trace);
    }

    private void Strace(string[] words) => Finish("strace", words);

    // Not through pipes: what it leaves behind may hold them.
    private void Finish(string program, string[] words)
    {
        using Process process = _cdock.Start("timeout", ["-s", "KILL", "30", "sh", "-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. words]);
        Cdock.Finish(process);
    }

    /// <summary>The processes of this test's containers.</summary>
    private string[] Left() => [.. Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Where(path =>
    {
        try
        {
            return File.ReadAllText(Path.Join(path, "cmdline")) == $"sleep\0{_seconds}\0";
        }
        catch (IOException)
        {
            return false;
        }
    })];

    // What a reboot leaves: no process, no state of the runtime, and a report of another boot.
    private void Reboot(string id)
    {
        foreach (string path in Left())
        {
            Kill(int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));
        }

        Cdock.Until(() => Left().Length == 0, "its processes are gone");
        Directory.Delete(Path.Join(_cdock.Root, "run"), recursive: true);
        foreach (string group in Directory.GetDirectories("/sys/fs/cgroup").Select(tree => Path.Join(tree, "cdock", id)).Where(Directory.Exists))
        {
            Directory.Delete(group);
        }

        string file = Path.Join(_cdock.Root, "containers", id, "status.json");
        string boot = JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("bootId").GetString()!;
        File.WriteAllText(file, File.ReadAllText(file).Replace(boot, "00000000-0000-0000-0000-000000000000", StringComparison.Ordinal));
    }

    private static void Kill(int pid)
    {
        using Process process = Process.GetProcessById(pid);
        process.Kill();
        process.WaitForExit();
    }

    private static void WriteProgram(string path, string script)
    {
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
