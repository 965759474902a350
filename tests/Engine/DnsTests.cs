using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine.Tests;

/// <summary>A supervisor's answers to its container, asked by dig and busybox; behind it stand dnsmasq, nobody, and liars.</summary>
public sealed class DnsTests
{
    private const string Names = "10.0.0.2 db db.one\nfd00::2 db\n10.0.0.3 web www\n10.0.0.4 www\n";

    [Fact]
    public void Containers_are_found_by_their_names()
    {
        using SupervisedContainer container = new([Loopback.Fresh()]);
        container.SetNames(Names);

        Assert.Equal("10.0.0.2", Dig(container, "db", "A"));
        Assert.Equal("10.0.0.2", Dig(container, "DB.One.", "A"));
        Assert.Equal("fd00::2", Dig(container, "db", "AAAA"));
        Assert.Equal("", Dig(container, "web", "AAAA"));
        Assert.Contains("NOERROR", Dig(container, "web", "MX", "+comments"), StringComparison.Ordinal);
        Assert.Equal("10.0.0.2", Dig(container, "db", "A", "+tcp"));
        Assert.Equal("db.", Dig(container, "-x", "10.0.0.2"));
        Assert.Equal("db.", Dig(container, "-x", "fd00::2"));
        Outcome found = container.Exec("nslookup", "db");
        Assert.Equal(0, found.ExitCode);
        Assert.Contains("Address: 10.0.0.2", found.Output, StringComparison.Ordinal);
        Assert.Contains("Address: fd00::2", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_has_a_name_together_with_others_comes_first_in_turn()
    {
        using SupervisedContainer container = new([Loopback.Fresh()]);
        container.SetNames(Names);

        string[] answers = [Dig(container, "www", "A"), Dig(container, "www", "A")];
        Assert.Equal(["10.0.0.3\n10.0.0.4", "10.0.0.4\n10.0.0.3"], answers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Names_that_come_and_go_are_seen_at_once()
    {
        using SupervisedContainer container = new([], forwards: false);
        Assert.Contains("NXDOMAIN", Dig(container, "db", "A", "+comments"), StringComparison.Ordinal);
        for (int i = 1; i < 20; i++)
        {
            container.SetNames($"10.0.0.{i} db\n");
            Assert.Equal($"10.0.0.{i}", Dig(container, "db", "A"));
        }

        container.SetNames("");
        Assert.Contains("NXDOMAIN", Dig(container, "db", "A", "+comments"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_addresses_go_over_a_stream()
    {
        using SupervisedContainer container = new([Loopback.Fresh()]);
        container.SetNames(string.Concat(Enumerable.Range(0, 1000).Select(i => $"10.0.{i / 250}.{i % 250} crowd\n")));

        Assert.Equal(1000, Dig(container, "crowd", "A").Split('\n').Length);
        Assert.Contains("flags: qr tc", Dig(container, "crowd", "A", "+comments", "+ignore"), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_names_are_asked_for_at_the_hosts_resolver()
    {
        using Dnsmasq server = new("--address=/far.example/192.0.2.7", "--txt-record=long.example," + string.Join(',', Enumerable.Repeat(new string('x', 250), 8)));
        using SupervisedContainer container = new([server.Address]);
        container.SetNames(Names);

        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A"));
        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A", "+tcp"));
        Assert.Contains("Address: 192.0.2.7", container.Exec("nslookup", "far.example").Output, StringComparison.Ordinal);

        // 2000 bytes: cut off in a datagram, whole over a stream, to which dig goes by itself.
        Assert.Contains("flags: qr aa tc", Dig(container, "long.example", "TXT", "+comments", "+ignore", "+noedns"), StringComparison.Ordinal);
        Assert.True(Dig(container, "long.example", "TXT", "+noedns").Length > 2000);
    }

    [Fact]
    public void A_server_that_is_not_there_is_passed_over()
    {
        using Dnsmasq server = new("--address=/far.example/192.0.2.7");
        string silent = Loopback.Fresh();
        using Socket nobody = Loopback.NameServer(silent);
        using SupervisedContainer container = new([Loopback.Fresh(), silent, server.Address]);

        Stopwatch time = Stopwatch.StartNew();
        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A"));
        Assert.InRange(time.Elapsed.TotalSeconds, 1.5, 4.5);

        // From then on it is asked last.
        time.Restart();
        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A"));
        Assert.InRange(time.Elapsed.TotalSeconds, 0, 1.5);

        // Over a stream the silent one refuses.
        container.SetServers([silent, server.Address], forwards: true);
        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A", "+tcp"));
        container.SetServers([Loopback.Fresh()], forwards: true);
        Assert.Contains("SERVFAIL", Dig(container, "far.example", "A", "+comments"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_refuses_is_not_the_last_word()
    {
        using Dnsmasq refusing = new();
        using Dnsmasq server = new("--address=/far.example/192.0.2.7");
        using SupervisedContainer container = new([refusing.Address, server.Address]);

        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A"));
        Assert.Equal("192.0.2.7", Dig(container, "far.example", "A", "+tcp"));
        container.SetServers([refusing.Address], forwards: true);
        Assert.Contains("REFUSED", Dig(container, "far.example", "A", "+comments"), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_questions_at_once_are_all_answered()
    {
        const int Count = 200;
        using Dnsmasq server = new("--address=/example/192.0.2.7", "--dns-forward-max=1000");
        using SupervisedContainer container = new([server.Address]);
        using Socket socket = container.Connected(SocketType.Dgram);
        socket.ReceiveBufferSize = 1 << 20;
        for (int i = 0; i < Count; i++)
        {
            socket.Send(DnsBytes.Question(i, $"n{i}.example"));
        }

        HashSet<int> answered = [];
        byte[] buffer = new byte[4096];
        while (answered.Count < Count)
        {
            int length = socket.Receive(buffer);
            int number = (buffer[0] << 8) | buffer[1];
            byte[] question = DnsBytes.Question(number, $"n{number}.example")[12..];
            Assert.Equal(question, buffer.AsSpan(12, question.Length).ToArray());
            Assert.True(length > 40 && answered.Add(number));
        }
    }

    [Fact]
    public void Many_questions_over_one_stream_are_all_answered_though_the_asker_says_no_more()
    {
        const int Count = 100;
        using Dnsmasq server = new("--address=/example/192.0.2.7");
        using SupervisedContainer container = new([server.Address]);
        container.SetNames(Names);
        using Socket socket = container.Connected(SocketType.Stream);
        for (int i = 0; i < Count; i++)
        {
            byte[] question = DnsBytes.Question(i, i % 2 == 0 ? "db" : $"n{i}.example");
            socket.Send([0, (byte)question.Length, .. question]);
        }

        socket.Shutdown(SocketShutdown.Send);
        List<byte> all = [];
        byte[] buffer = new byte[4096];
        for (int length = socket.Receive(buffer); length > 0; length = socket.Receive(buffer))
        {
            all.AddRange(buffer[..length]);
        }

        HashSet<int> answered = [];
        ReadOnlySpan<byte> rest = all.ToArray();
        while (!rest.IsEmpty)
        {
            Assert.Equal(1, rest[9]);
            answered.Add((rest[2] << 8) | rest[3]);
            rest = rest[(2 + (rest[0] << 8) + rest[1])..];
        }

        Assert.Equal(Count, answered.Count);
    }

    [Fact]
    public void Who_guesses_wrong_is_not_believed()
    {
        string address = Loopback.Fresh();
        using Socket server = Loopback.NameServer(address);
        using Socket stranger = Loopback.NameServer(Loopback.Fresh());
        using SupervisedContainer container = new([address]);
        using Socket asker = container.Connected(SocketType.Dgram);
        asker.Send(DnsBytes.Question(77, "far.example"));

        byte[] buffer = new byte[512];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        byte[] asked = buffer[..server.ReceiveFrom(buffer, ref from)];
        stranger.SendTo(DnsBytes.Answer(asked, "203.0.113.1"), from);
        byte[] wrongNumber = DnsBytes.Answer(asked, "203.0.113.2");
        wrongNumber[0] ^= 1;
        server.SendTo(wrongNumber, from);
        byte[] wrongName = DnsBytes.Answer(asked, "203.0.113.3");
        wrongName[13] ^= 1;
        server.SendTo(wrongName, from);
        server.SendTo(asked, from);
        server.SendTo([1, 2, 3], from);
        server.SendTo(DnsBytes.Answer(asked, "192.0.2.7"), from);

        byte[] answer = buffer[..asker.Receive(buffer)];
        Assert.Equal("192.0.2.7", new IPAddress(answer.AsSpan(answer.Length - 4)).ToString());
        Assert.Equal(77, (answer[0] << 8) | answer[1]);
    }

    [Fact]
    public void Each_question_leaves_by_a_port_and_with_a_number_of_its_own()
    {
        string address = Loopback.Fresh();
        using Socket server = Loopback.NameServer(address);
        using SupervisedContainer container = new([address]);
        using Socket asker = container.Connected(SocketType.Dgram);
        HashSet<(int, int)> seen = [];
        byte[] buffer = new byte[512];
        for (int i = 0; i < 20; i++)
        {
            asker.Send(DnsBytes.Question(77, "far.example"));
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            server.ReceiveFrom(buffer, ref from);
            seen.Add((((IPEndPoint)from).Port, (buffer[0] << 8) | buffer[1]));
        }

        Assert.Equal(20, seen.Select(one => one.Item1).Distinct().Count());
        Assert.True(seen.Select(one => one.Item2).Distinct().Count() >= 19);
    }

    [Fact]
    public void CVE_2024_29018_nothing_leaves_the_machine_when_nothing_may()
    {
        string address = Loopback.Fresh();
        using Socket server = Loopback.NameServer(address);
        using SupervisedContainer container = new([address], forwards: false);
        container.SetNames(Names);

        Assert.Equal("10.0.0.2", Dig(container, "db", "A"));
        Assert.Contains("NXDOMAIN", Dig(container, "secret.example", "TXT", "+comments"), StringComparison.Ordinal);
        Assert.Contains("NXDOMAIN", Dig(container, "-x", "192.0.2.7", "+comments", "+tcp"), StringComparison.Ordinal);
        Assert.Equal(0, server.Available);
    }

    [Fact]
    public void Whoever_floods_or_lies_does_not_end_the_answers()
    {
        string silent = Loopback.Fresh();
        using Socket nobody = Loopback.NameServer(silent);
        using SupervisedContainer container = new([silent]);
        container.SetNames(Names);
        using Socket flood = container.Connected(SocketType.Dgram);
        for (int i = 0; i < 2000; i++)
        {
            flood.Send(DnsBytes.Question(i, $"n{i}.example"));
            flood.Send(Enumerable.Repeat((byte)i, i % 600).ToArray());
        }

        using Socket talker = container.Connected(SocketType.Stream);
        talker.Send([0xFF, 0xFF, 1, 2, 3]);
        Assert.Equal(0, talker.Receive(new byte[10]));
        List<Socket> crowd = [.. Enumerable.Range(0, 100).Select(_ => container.Connected(SocketType.Stream))];
        Assert.Equal("10.0.0.2", Dig(container, "db", "A", "+tries=3"));
        crowd.ForEach(socket => socket.Dispose());
        Assert.Equal("10.0.0.2", Dig(container, "db", "A", "+tcp", "+tries=5"));
    }

    [Fact]
    public void What_is_held_stays_taken_until_the_container_ends()
    {
        // Not .NET's sockets: they say SO_REUSEADDR, with which those who do not listen do not mind each other.
        InternetAddress port = new(IPAddress.Parse(Loopback.Fresh()), 8080);
        using SafeFileHandle held = InternetSockets.Create(InternetSocketType.SOCK_STREAM, port);
        InternetSockets.Bind(held, port);
        using (SupervisedContainer container = new([], held: held))
        {
            held.Dispose();
            using SafeFileHandle late = InternetSockets.Create(InternetSocketType.SOCK_STREAM, port);
            Assert.Equal(Errno.EADDRINUSE, Assert.Throws<LinuxException>(() => InternetSockets.Bind(late, port)).Errno);
            Assert.DoesNotContain("socket:", container.Exec("ls", "-l", "/proc/1/fd", "/proc/self/fd").Output, StringComparison.Ordinal);
        }

        using SafeFileHandle next = InternetSockets.Create(InternetSocketType.SOCK_STREAM, port);
        InternetSockets.Bind(next, port);
    }

    private static string Dig(SupervisedContainer container, params string[] words)
    {
        Needs.Program("dig");
        string[] what = words.Contains("+comments") ? ["+noall", "+comments"] : ["+short"];
        Outcome outcome = container.Within(["dig", "@127.0.0.11", "+timeout=8", "+tries=1", .. what, .. words]);
        Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
        return outcome.Output.TrimEnd('\n');
    }
}
