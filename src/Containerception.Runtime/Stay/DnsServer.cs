using System.Net;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Takes a message; false when it is none that can be answered.</summary>
internal delegate bool DnsTaker(ReadOnlySpan<byte> message, DnsAsker asker);

/// <summary>
/// Answers a container's questions for names, which come in by sockets of the container's network namespace: for the containers on its networks from
/// files, for everything else by asking the host's resolvers, from the host's network namespace.
/// </summary>
internal sealed class DnsServer : IDisposable
{
    /// <summary>Of a question: a name has 255 bytes, and what extends it hardly more.</summary>
    public const int QuestionBytesMax = 4096;

    private const int DatagramBytesMax = 4096;

    // So many are taken before the loop looks after others.
    private const int DatagramsAtOnce = 16;
    private const int ConnectionsMax = 32;

    // So many leave up to half a megabyte of garbage, for which the collector would not begin to work.
    private const int QuestionsPerTidying = 256;

    private static readonly TimeSpan TidyingAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly SafeFileHandle _udp;
    private readonly SafeFileHandle _tcp;
    private readonly NameFiles _names;
    private readonly DnsForwarder _forwarder;
    private readonly EventLoop.Watch _reading;
    private readonly EventLoop.Watch _accepting;
    private readonly List<DnsConnection> _connections = [];
    private readonly List<IPAddress> _found = [];
    private EventLoop.Alarm? _tidying;
    private int _questions;

    /// <param name="loop">In which it is waited for.</param>
    /// <param name="udp">Bound; stays the caller's.</param>
    /// <param name="tcp">Likewise.</param>
    /// <param name="file">The path of a <see cref="Supervision.DnsNames"/>.</param>
    public DnsServer(EventLoop loop, SafeFileHandle udp, SafeFileHandle tcp, string file)
    {
        _loop = loop;
        _udp = udp;
        _tcp = tcp;
        _names = new NameFiles(file);
        _forwarder = new DnsForwarder(loop);
        Descriptors.SetNonBlocking(udp, true);
        Descriptors.SetNonBlocking(tcp, true);
        UnixSockets.Listen(tcp, ConnectionsMax);
        _reading = loop.Add(udp, EpollEvents.EPOLLIN, _ => TakeDatagrams());
        _accepting = loop.Add(tcp, EpollEvents.EPOLLIN, _ => TakeConnection());
    }

    public void Dispose()
    {
        foreach (DnsConnection connection in _connections.ToArray())
        {
            connection.Dispose();
        }

        _reading.Dispose();
        _accepting.Dispose();
        _tidying?.Dispose();
        _forwarder.Dispose();
        _names.Dispose();
    }

    private void TakeDatagrams()
    {
        Span<byte> buffer = stackalloc byte[QuestionBytesMax];
        try
        {
            for (int i = 0; i < DatagramsAtOnce && InternetSockets.TryReceive(_udp, buffer, out InternetAddress from) is int length and >= 0; i++)
            {
                if (length <= buffer.Length)
                {
                    TryTake(buffer[..length], new DatagramAsker(_udp, from));
                }
            }
        }
        catch (LinuxException)
        {
            // An error of an earlier answer, told here: nothing that would not be asked again.
        }
    }

    private void TakeConnection()
    {
        try
        {
            if (UnixSockets.Accept(_tcp) is { } socket)
            {
                _connections.Add(new DnsConnection(_loop, socket, TryTake, Forget));
            }

            Accept();
        }
        catch (LinuxException)
        {
            // No descriptors, perhaps: to be told so again at once would keep the loop from everything else.
            _accepting.Change(EpollEvents.None);
            _loop.After(AcceptPause, Accept);
        }
    }

    private void Forget(DnsConnection connection)
    {
        _connections.Remove(connection);
        Accept();
    }

    // Of too many the next waits until another goes.
    private void Accept() => _accepting.Change(_connections.Count < ConnectionsMax ? EpollEvents.EPOLLIN : EpollEvents.None);

    private bool TryTake(ReadOnlySpan<byte> message, DnsAsker asker)
    {
        if (!DnsQuestion.TryRead(message, out DnsQuestion question, out DnsCode wrong))
        {
            return false;
        }

        TidyUpLater();
        _found.Clear();
        try
        {
            if (wrong != DnsCode.NoError)
            {
                Answer(message, question, asker, wrong);
                return true;
            }

            _names.Refresh();
            IPAddress? asked = question.Type == DnsType.PTR && question.Name is not null ? ReverseName.TryParse(question.Name) : null;
            string? name = asked is null ? null : _names.NameOf(asked);
            if (name is not null || (question.Name is not null && _names.TryFind(question.Name, question.Type, _found)))
            {
                Answer(message, question, asker, DnsCode.NoError, name);
            }
            else if (_names.Servers is null)
            {
                Answer(message, question, asker, DnsCode.NameError);
            }
            else if (!_forwarder.TryForward(_names.Servers, message, question, asker))
            {
                Answer(message, question, asker, DnsCode.ServerFailure);
            }
        }
        catch (Exception failure) when (failure is LinuxException or FormatException)
        {
            Answer(message, question, asker, DnsCode.ServerFailure);
        }

        return true;
    }

    // Like a start, a rush of questions leaves more memory than the container's next months need.
    private void TidyUpLater()
    {
        if (++_questions >= QuestionsPerTidying && _tidying is null)
        {
            _tidying = _loop.After(TidyingAfter, () =>
            {
                (_tidying, _questions) = (null, 0);
                ProcessMemory.GiveBack();
            });
        }
    }

    private void Answer(ReadOnlySpan<byte> message, in DnsQuestion question, DnsAsker asker, DnsCode code, string? name = null)
    {
        int bytesMax = Math.Min(DatagramBytesMax + (_found.Count * DnsAnswer.AddressBytesMax), DnsAnswer.BytesMax);
        Span<byte> buffer = asker.IsStream ? new byte[bytesMax] : stackalloc byte[DatagramBytesMax];
        DnsAnswer answer = new(buffer, asker.IsStream ? buffer.Length : Math.Min(question.DatagramBytesMax, buffer.Length), message, question);
        foreach (IPAddress address in _found)
        {
            answer.Add(address);
        }

        if (name is not null)
        {
            answer.Add(name);
        }

        asker.Answer(buffer[..answer.Finish(code)]);
    }
}
