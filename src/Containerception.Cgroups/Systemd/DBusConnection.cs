using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>The other side answered a call with an error.</summary>
internal sealed class DBusException(string name, string message) : Exception(message)
{
    /// <summary><c>org.freedesktop.systemd1.NoSuchUnit</c>.</summary>
    public string Name { get; } = name;
}

/// <summary>
/// A connection to a message bus, or directly to a service. What is sent is not waited for until somebody asks for its answer, so that
/// greeting, subscribing and the first call are one round trip.
/// </summary>
internal sealed class DBusConnection : IDisposable
{
    // As runc waits for systemd.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SafeFileHandle _socket;
    private readonly List<DBusMessage> _signals = [];
    private byte[] _received = new byte[4096];
    private int _count;
    private uint _serial;

    private DBusConnection(SafeFileHandle socket) => _socket = socket;

    /// <summary>Connects as the caller.</summary>
    /// <param name="path">The socket's path; with an @ before it an abstract name.</param>
    /// <param name="isBus">A bus wants to be greeted, and gives a name; a service that listens by itself does not.</param>
    /// <exception cref="LinuxException">Nobody listens there.</exception>
    public static DBusConnection Open(string path, bool isBus)
    {
        DBusConnection connection = new(UnixSockets.Create(UnixSocketType.SOCK_STREAM));
        try
        {
            UnixSockets.Connect(connection._socket, path);
            connection.Authenticate();
            if (isBus)
            {
                connection.Send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", wantsReply: true);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Calls a method, and waits for its answer.</summary>
    /// <exception cref="DBusException">The answer is an error.</exception>
    /// <exception cref="CgroupException">There is none in half a minute, or the bus is gone.</exception>
    public IReadOnlyList<DBusValue> Call(string destination, string path, string type, string member, params IReadOnlyList<DBusValue> body)
        => Ask(destination, path, type, member, body).Body;

    /// <summary>As <see cref="Call"/>, for who wants to know who answered.</summary>
    public DBusMessage Ask(string destination, string path, string type, string member, params IReadOnlyList<DBusValue> body)
    {
        uint serial = Send(destination, path, type, member, wantsReply: true, body);
        Deadline deadline = new(Patience);
        while (true)
        {
            DBusMessage message = Receive(deadline);
            if (message.ReplySerial != serial || message.Type is not (DBusMessageType.Reply or DBusMessageType.Error))
            {
                Keep(message);
                continue;
            }

            return message.Type == DBusMessageType.Reply
                ? message
                : throw new DBusException(message.ErrorName ?? "", message.Body is [{ Signature: "s" } text, ..] ? text.Text : message.ErrorName ?? "");
        }
    }

    /// <summary>Calls a method whose answer nobody wants.</summary>
    public void Tell(string destination, string path, string type, string member, params IReadOnlyList<DBusValue> body)
        => Send(destination, path, type, member, wantsReply: false, body);

    /// <summary>Waits for a signal, which may have come meanwhile.</summary>
    /// <exception cref="CgroupException">None came in half a minute, or the bus is gone.</exception>
    public DBusMessage WaitForSignal(Predicate<DBusMessage> wanted)
    {
        Deadline deadline = new(Patience);
        while (true)
        {
            int index = _signals.FindIndex(wanted);
            if (index >= 0)
            {
                return _signals[index];
            }

            Keep(Receive(deadline));
        }
    }

    public void Dispose() => _socket.Dispose();

    private uint Send(string destination, string path, string type, string member, bool wantsReply, params IReadOnlyList<DBusValue> body)
    {
        DBusMessage message = new(DBusMessageType.Call, ++_serial)
        {
            WantsReply = wantsReply,
            Destination = destination,
            Path = path,
            Interface = type,
            Member = member,
            Body = body,
        };
        try
        {
            SendAll(message.Write());
            return _serial;
        }
        catch (LinuxException failure)
        {
            throw Gone(failure);
        }
    }

    private void Keep(DBusMessage message)
    {
        if (message.Type == DBusMessageType.Signal)
        {
            _signals.Add(message);
        }
    }

    /// <summary>
    /// dbus-specification, "Authentication Protocol": EXTERNAL, who we are the socket knows. No uid is named, for in a user namespace ours is
    /// not the one that the bus sees.
    /// </summary>
    private void Authenticate()
    {
        SendAll("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"u8);
        Deadline deadline = new(Patience);
        while (true)
        {
            int end = _received.AsSpan(0, _count).IndexOf("\r\n"u8);
            if (end < 0)
            {
                ReceiveMore(deadline);
                continue;
            }

            string line = Encoding.ASCII.GetString(_received, 0, end);
            Drop(end + 2);
            if (line.StartsWith("OK", StringComparison.Ordinal))
            {
                return;
            }

            if (line != "DATA")
            {
                throw new CgroupException($"D-Bus: the bus does not take us for uid {Credentials.EffectiveUid}: {line}");
            }
        }
    }

    private DBusMessage Receive(Deadline deadline)
    {
        ReceiveAtLeast(DBusMessage.PrefixSize, deadline);
        int length = DBusMessage.LengthOf(_received);
        ReceiveAtLeast(length, deadline);
        DBusMessage message = DBusMessage.Read(_received[..length]);
        Drop(length);
        return message;
    }

    private void ReceiveAtLeast(int count, Deadline deadline)
    {
        try
        {
            while (_count < count)
            {
                ReceiveMore(deadline);
            }
        }
        catch (LinuxException failure)
        {
            throw Gone(failure);
        }
    }

    private void ReceiveMore(Deadline deadline)
    {
        if (_count == _received.Length)
        {
            Array.Resize(ref _received, 2 * _received.Length);
        }

        if (Polling.Poll(_socket, PollEvents.POLLIN, deadline.Milliseconds) == PollEvents.None)
        {
            throw new CgroupException($"D-Bus: no answer in {Patience.TotalSeconds:0} s");
        }

        int read = FileContents.Read(_socket, _received.AsSpan(_count));
        _count += read > 0 ? read : throw new CgroupException("D-Bus: the bus ended the connection");
    }

    private void Drop(int count)
    {
        _received.AsSpan(count, _count - count).CopyTo(_received);
        _count -= count;
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[SocketMessages.Send(_socket, bytes)..];
        }
    }

    private static CgroupException Gone(LinuxException failure) => new($"D-Bus: the bus is gone: {failure.Message}", null, failure);
}
