using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>What a service manager gives and wants to know: sd_notify(3) and sd_listen_fds(3).</summary>
public sealed class ServiceManagerTests : ContainerTest
{
    /// <summary>The container's own word, with what it must not say for the service.</summary>
    private const string Announce = "/bin/probe datagram $NOTIFY_SOCKET MAINPID=1 READY=1 STATUS=fine; ";

    [Fact]
    public void A_detached_run_waits_until_the_program_is_ready()
    {
        using Socket manager = Listen();
        Prepare(Announce + "exec sleep 1000");
        using Command run = Detached("run", "--detach", "--bundle", Bundle.Path, Id);

        Assert.Equal("READY=1", Hear(manager, out string pid));
        PassBarrier(manager);
        run.Wait().Succeeded();

        Assert.Equal(State()["pid"]!.GetValue<int>().ToString(System.Globalization.CultureInfo.InvariantCulture), pid);
        DeleteForced();
    }

    [Fact]
    public void Start_waits_as_run_does()
    {
        using Socket manager = Listen();
        Prepare(Announce + "exec sleep 1000");
        using (Command create = Detached("create", "--bundle", Bundle.Path, Id))
        {
            create.Wait().Succeeded();
        }

        using Command start = Runtime.Start("start", Id);
        Assert.Equal("READY=1", Hear(manager, out string pid));
        PassBarrier(manager);
        start.Wait().Succeeded();

        Assert.Equal(State()["pid"]!.GetValue<int>().ToString(System.Globalization.CultureInfo.InvariantCulture), pid);
        Assert.DoesNotContain("NOTIFY_SOCKET", Runtime.Invoke("exec", Id, "/bin/env").Succeeded(), StringComparison.Ordinal);
        DeleteForced();
    }

    [Fact]
    public void In_the_foreground_the_runtime_is_the_service()
    {
        using Socket manager = Listen();
        Prepare(Announce + "exec sleep 1000");
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);

        Assert.Equal("READY=1", Hear(manager, out string pid));
        Assert.Contains("--bundle", File.ReadAllText($"/proc/{pid}/cmdline"), StringComparison.Ordinal);
        Runtime.Invoke("kill", Id, "KILL").Succeeded();
        Assert.Equal(137, run.Wait().Status);
    }

    [Fact]
    public void Only_the_first_word_of_being_ready_is_passed_on()
    {
        using Socket manager = Listen();
        Prepare($"{Announce}{Announce}{Announce}exit 7");
        using Command run = Runtime.Start("run", "--bundle", Bundle.Path, Id);

        Assert.Equal("READY=1", Hear(manager, out _));
        Assert.Equal(7, run.Wait().Status);
        Assert.Equal(0, manager.Available);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_manager_that_goes_away_does_not_end_the_container(bool detach)
    {
        string shared = Directory.CreateDirectory(Path.Combine(Scratch, "shared")).FullName;
        Config.AddMount("/mnt", "bind", shared, "bind");
        using Socket manager = Listen();
        Prepare($"touch /mnt/runs; while ! test -e /mnt/go; do sleep 0.05; done; {Announce}touch /mnt/went; exit 7");
        using Command run = detach ? Detached("run", "--detach", "--bundle", Bundle.Path, Id) : Runtime.Start("run", "--bundle", Bundle.Path, Id);
        WaitFor(() => File.Exists(Path.Combine(shared, "runs")), "the program");
        manager.Dispose();
        File.WriteAllText(Path.Combine(shared, "go"), "");

        Outcome outcome = run.Wait();
        WaitFor(() => File.Exists(Path.Combine(shared, "went")), "the program's end");
        Assert.Equal(detach ? 0 : 7, outcome.Status);
        Assert.Contains("the service manager is not told", detach ? File.ReadAllText(Path.Combine(Scratch, "output")) : outcome.Errors, StringComparison.Ordinal);
        if (detach)
        {
            DeleteForced();
        }
        else
        {
            Assert.NotEqual(0, Runtime.Invoke("state", Id).Status);
        }
    }

    [Fact]
    public void Who_waits_for_a_program_that_ends_waits_no_longer()
    {
        using Socket manager = Listen();
        Prepare("exit 3");
        using Command run = Detached("run", "--detach", "--bundle", Bundle.Path, Id);

        run.Wait().Succeeded();
        Assert.Equal(0, manager.Available);
        Runtime.Invoke("delete", Id).Succeeded();
    }

    [Fact]
    public void A_manager_that_is_not_there_is_told_of()
    {
        Runtime.Variables["NOTIFY_SOCKET"] = Path.Combine(Scratch, "nobody");
        Prepare("true");
        Outcome outcome = Runtime.Invoke("run", "--bundle", Bundle.Path, Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("NOTIFY_SOCKET: ", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sockets_of_the_manager_come_before_preserved_descriptors()
    {
        Config.Set("process.args", new JsonArray("/bin/sh", "-c", "echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3; cat <&4; cat <&5; ls /proc/self/fd | wc -l"));
        Bundle.Save();
        foreach (string name in (ReadOnlySpan<string>)["one", "two", "three"])
        {
            File.WriteAllText(Path.Combine(Scratch, name), name + "\n");
        }

        // LISTEN_PID is whom they are for: the shell becomes the runtime.
        using Command run = Runtime.StartThrough(
            ["/bin/sh", "-c", $"cd {Scratch}; exec 3<one 4<two 5<three; LISTEN_FDNAMES=a:b LISTEN_FDS=2 LISTEN_PID=$$ exec \"$@\"", "sh"],
            "run", "--preserve-fds", "1", "--bundle", Bundle.Path, Id);

        Assert.StartsWith("2 1 a:b\none\ntwo\nthree\n", run.Wait().Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sockets_for_somebody_else_are_not_passed_on()
    {
        Config.Set("process.args", new JsonArray("/bin/sh", "-c", "echo \"<$LISTEN_FDS>\"; test -e /proc/self/fd/3 || echo none"));
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=1 exec \"$@\"", "sh"], "run", "--bundle", Bundle.Path, Id);

        Assert.StartsWith("<>\n", run.Wait().Succeeded(), StringComparison.Ordinal);
    }

    private Socket Listen()
    {
        string path = Path.Combine(Scratch, "manager");
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Runtime.Variables["NOTIFY_SOCKET"] = path;
        return socket;
    }

    private void Prepare(string script)
    {
        Config.AddMount("/tmp", "tmpfs", "tmpfs");
        Config.AddMount("/run", "tmpfs", "tmpfs");
        Config.Set("process.args", new JsonArray("/bin/sh", "-c", script));
        Bundle.Save();
    }

    /// <summary>A detached container would hold our pipes.</summary>
    private Command Detached(params string[] arguments)
        => Runtime.StartThrough(["/bin/sh", "-c", $"exec \"$@\" >{Path.Combine(Scratch, "output")} 2>&1", "sh"], arguments);

    /// <returns>The words without the pid.</returns>
    private static string Hear(Socket manager, out string pid)
    {
        byte[] message = new byte[4096];
        string[] lines = [];
        while (lines.Length < 2)
        {
            // runc says it in two messages, in another order.
            lines = [.. lines, .. Encoding.UTF8.GetString(message, 0, manager.Receive(message)).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        }

        pid = Assert.Single(lines, line => line.StartsWith("MAINPID=", StringComparison.Ordinal))["MAINPID=".Length..];
        return Assert.Single(lines, line => !line.StartsWith("MAINPID=", StringComparison.Ordinal));
    }

    /// <summary>.NET does not take the descriptor that comes with it, so that the kernel closes it: the barrier is passed.</summary>
    private static void PassBarrier(Socket manager)
    {
        byte[] message = new byte[64];
        Assert.Equal("BARRIER=1", Encoding.UTF8.GetString(message, 0, manager.Receive(message)));
    }
}
