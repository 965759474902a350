using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Containerception.Engine.Tests;

/// <summary>
/// Published ports of a plain user's containers, by real packets: the client is another machine, and the server a socket in the container's network namespace, so that it
/// is seen who asks.
/// </summary>
public sealed class PlainUserPortTests : IDisposable
{
    private readonly PlainUserMachine _place = new();
    private readonly PlainUser _user;

    public PlainUserPortTests() => _user = _place.User;

    [Fact]
    public void Who_connects_keeps_his_address_and_a_server_may_speak_first()
    {
        Run("-p", "8080:80");
        using Socket server = Server("0.0.0.0");
        using Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080, from: "10.99.0.3"));
        using Socket accepted = server.Accept();

        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
        accepted.Send("welcome"u8);
        Assert.Equal("welcome", Heard(client, 7));
        client.Send("hello"u8);
        Assert.Equal("hello", Heard(accepted, 5));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, accepted.Receive(new byte[1]));
        accepted.Send("still there"u8);
        accepted.Close();
        Assert.Equal("still there", Heard(client, 100));
    }

    [Fact]
    public void IPv6_is_relayed_too()
    {
        _user.Ok("network", "create", "--ipv6", "six");
        Run("--network", "six", "-p", "8080:80");
        using Socket server = Server("::");
        using Socket client = _place.InOther(() => PlainUserMachine.Connection("fd99::1", 8080));
        using Socket accepted = server.Accept();

        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Fact]
    public void From_the_machines_loopback_it_is_the_bridge_that_connects()
    {
        Run("-p", "127.0.0.1:8080:80");
        using Socket server = Server("0.0.0.0");
        using Socket client = _place.InMachine(() => PlainUserMachine.Connection("127.0.0.1", 8080));
        using Socket accepted = server.Accept();

        string gateway = _user.Ok("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge");
        Assert.Equal(gateway, ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString());
        Assert.Throws<SocketException>(() => _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080)));
    }

    [Fact]
    public void Datagrams_keep_their_source_and_answers_come_from_the_address_that_was_asked()
    {
        Run("-p", "8080:80/udp");
        using Socket server = _place.InContainer("one", () => Datagrams("0.0.0.0", 80));
        using Socket client = _place.InOther(() => Datagrams("10.99.0.3", 0));
        byte[] buffer = new byte[100];

        foreach (string asked in new[] { "10.99.0.11", "10.99.0.1" })
        {
            client.SendTo("who?"u8, new IPEndPoint(IPAddress.Parse(asked), 8080));
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            int count = server.ReceiveFrom(buffer, ref from);
            Assert.Equal(client.LocalEndPoint, from);
            server.SendTo(buffer.AsSpan(0, count), from);
            Assert.Equal(4, client.ReceiveFrom(buffer, ref from));
            Assert.Equal(new IPEndPoint(IPAddress.Parse(asked), 8080), from);
        }
    }

    [Fact]
    public void Where_nobody_listens_the_client_hears_a_reset()
    {
        Run("-p", "8080:80");
        using Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080));

        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
    }

    [Fact]
    public void A_side_that_does_not_read_holds_the_other_up_and_nothing_is_lost()
    {
        const int bytes = 24 << 20;
        Run("-p", "8080:80");
        using Socket server = Server("0.0.0.0");
        using Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080));
        using Socket accepted = server.Accept();
        byte[] block = new byte[bytes];
        new Random(1).NextBytes(block);

        client.Blocking = false;
        int sent = 0;
        for (int quiet = 0; quiet < 20; quiet++)
        {
            if (client.Poll(10_000, SelectMode.SelectWrite))
            {
                sent += client.Send(block, sent, bytes - sent, SocketFlags.None);
                quiet = 0;
            }
        }

        Assert.InRange(sent, 1, bytes - 1);
        client.Blocking = true;
        Thread rest = new(() =>
        {
            client.Send(block, sent, bytes - sent, SocketFlags.None);
            client.Shutdown(SocketShutdown.Send);
        });
        rest.Start();
        byte[] heard = ReadAll(accepted);
        rest.Join();
        Assert.True(heard.AsSpan().SequenceEqual(block));
        accepted.Send(block.AsSpan(0, 1000));
        accepted.Shutdown(SocketShutdown.Send);
        Assert.True(ReadAll(client).AsSpan().SequenceEqual(block.AsSpan(0, 1000)));
    }

    [Fact]
    public void Hundreds_are_connected_at_once()
    {
        Run("-p", "8080:80");
        using Socket server = Server("0.0.0.0");
        Socket[] clients = _place.InOther(() => Enumerable.Range(0, 400).Select(_ => PlainUserMachine.Connection("10.99.0.1", 8080)).ToArray());
        Dictionary<EndPoint, Socket> accepted = clients.Select(_ => server.Accept()).ToDictionary(socket => socket.RemoteEndPoint!);
        try
        {
            foreach (Socket client in clients)
            {
                client.Send("x"u8);
                Assert.Equal("x", Heard(accepted[client.LocalEndPoint!], 1));
            }
        }
        finally
        {
            Array.ForEach([.. clients, .. accepted.Values], socket => socket.Dispose());
        }
    }

    [Fact]
    public void Ports_come_and_go_while_it_runs_and_are_free_at_once()
    {
        Run();
        using Socket server = Server("0.0.0.0");
        Assert.Empty(_place.Relays());

        _user.Ok("update", "-p", "8080:80", "one");
        using Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080));
        using Socket accepted = server.Accept();
        _user.Ok("update", "-p", "8081:80", "--publish-rm", "8080:80", "one");
        using Socket free = _place.InMachine(() => PlainUserMachine.Listener("0.0.0.0", 8080));
        using Socket other = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8081));

        Assert.Equal(other.LocalEndPoint, server.Accept().RemoteEndPoint);
        accepted.Send("goes on"u8);
        Assert.Equal("goes on", Heard(client, 7));
    }

    [Fact]
    public void A_port_that_is_taken_is_refused_and_a_started_container_has_its_again()
    {
        using (Socket taken = _place.InMachine(() => PlainUserMachine.Listener("0.0.0.0", 8080)))
        {
            Assert.Contains("port is already allocated", _user.Do("run", "--rm", "-p", "8080:80", "host", "true").Error, StringComparison.Ordinal);
        }

        Run("-p", "8080:80");
        for (int i = 0; i < 3; i++)
        {
            using (Socket server = Server("0.0.0.0"))
            using (Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080)))
            using (Socket accepted = server.Accept())
            {
                // The machine's end ends first, and is not forgotten for a minute.
                accepted.Close();
                Assert.Equal(0, client.Receive(new byte[1]));
            }

            _user.Ok("restart", "-t", "0", "one");
        }

        Assert.Single(_place.Relays());
    }

    [Fact]
    public void A_killed_relay_is_replaced_and_one_of_a_killed_supervisor_is_gone()
    {
        string id = Run("-p", "8080:80");
        using (Socket server = Server("0.0.0.0"))
        {
            PlainUser.Kill(_place.Relays().Single());
            using Socket client = _place.InOther(() => PlainUserMachine.Connection("10.99.0.1", 8080));
            using Socket accepted = server.Accept();
        }

        PlainUser.Kill(Cdock.SupervisorOf(id));
        Cdock.Until(() => _place.Relays().Length == 0, "the relay is gone");
        using Socket free = _place.InMachine(() => PlainUserMachine.Listener("0.0.0.0", 8080));
    }

    public void Dispose() => _place.Dispose();

    private string Run(params string[] flags) => _user.Ok(["run", "-d", "--name", "one", .. flags, "host", "sleep", "1000"]);

    private Socket Server(string address) => _place.InContainer("one", () => PlainUserMachine.Listener(address, 80));

    private static Socket Datagrams(string address, int port)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    private static string Heard(Socket socket, int bytesMax)
    {
        byte[] buffer = new byte[bytesMax];
        int count = 0;
        while (count < bytesMax && socket.Receive(buffer, count, bytesMax - count, SocketFlags.None) is int more and > 0)
        {
            count += more;
        }

        return Encoding.ASCII.GetString(buffer, 0, count);
    }

    private static byte[] ReadAll(Socket socket)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        while (socket.Receive(buffer) is int count and > 0)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }
}
