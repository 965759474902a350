using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>Passes questions on, and answers back, as they are: what they ask for, by which extensions, is nobody's business here.</summary>
internal sealed class DnsForwarder(EventLoop loop) : IDisposable
{
    // Each has a descriptor for every server that it was sent to.
    private const int PendingMax = 256;

    private readonly List<ForwardedQuestion> _pending = [];

    /// <summary>Asks the servers; false when too many questions wait.</summary>
    public bool TryForward(DnsServers servers, ReadOnlySpan<byte> message, DnsQuestion question, DnsAsker asker)
    {
        if (_pending.Count >= PendingMax)
        {
            return false;
        }

        ForwardedQuestion forwarded = new(loop, servers, message.ToArray(), question, asker, over => _pending.Remove(over));
        _pending.Add(forwarded);
        forwarded.AskNext();
        return true;
    }

    public void Dispose()
    {
        foreach (ForwardedQuestion one in _pending.ToArray())
        {
            one.Dispose();
        }
    }
}

/// <summary>One question on its way. A server that has not answered after a while is not given up: the next one is asked too.</summary>
internal sealed class ForwardedQuestion(
    EventLoop loop, DnsServers servers, byte[] message, DnsQuestion question, DnsAsker asker, Action<ForwardedQuestion> over) : IDisposable
{
    // Three servers in less than the ten seconds for which resolvers wait, resolv.conf(5).
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly List<DnsAttempt> _attempts = [];
    private EventLoop.Alarm? _alarm;
    private byte[]? _refusal;
    private int _asked;
    private bool _isOver;

    /// <summary>Asks the next server; when there is none, the answer is that there is no answer.</summary>
    public void AskNext()
    {
        _alarm?.Dispose();
        for (int server = servers.Next(_asked); server >= 0; server = servers.Next(_asked))
        {
            _asked |= 1 << server;
            try
            {
                int number = server;
                InternetAddress address = servers.AddressOf(server);
                _attempts.Add(asker.IsStream
                    ? new StreamAttempt(loop, this, server, address, message, question)
                    : new DatagramAttempt(loop, this, server, address, message, question));
                _alarm = loop.After(Patience, () =>
                {
                    servers.WasSilent(number);
                    AskNext();
                });
                return;
            }
            catch (LinuxException)
            {
                // No way there.
                servers.WasSilent(server);
            }
        }

        End(_refusal ?? Failure());
    }

    /// <summary>A server has answered; the answer is the caller's again afterwards.</summary>
    public void Heard(DnsAttempt attempt, Span<byte> answer)
    {
        servers.Answered(attempt.Server);
        message.AsSpan(0, 2).CopyTo(answer);
        if (DnsQuestion.CodeOf(answer) is DnsCode.NoError or DnsCode.NameError)
        {
            End(answer);
        }
        else
        {
            // It cannot, or does not want to: another may.
            _refusal = answer.ToArray();
            Lost(attempt);
        }
    }

    /// <summary>It is not there.</summary>
    public void Broke(DnsAttempt attempt)
    {
        servers.WasSilent(attempt.Server);
        Lost(attempt);
    }

    public void Dispose()
    {
        _isOver = true;
        _alarm?.Dispose();
        _attempts.ForEach(attempt => attempt.Dispose());
        over(this);
    }

    private void Lost(DnsAttempt attempt)
    {
        bool wasLast = attempt == _attempts[^1];
        _attempts.Remove(attempt);
        attempt.Dispose();
        if (wasLast && !_isOver)
        {
            AskNext();
        }
    }

    private void End(ReadOnlySpan<byte> answer)
    {
        Dispose();
        asker.Answer(answer);
    }

    private byte[] Failure()
    {
        byte[] buffer = new byte[512];
        DnsAnswer answer = new(buffer, buffer.Length, message, question);
        return buffer[..answer.Finish(DnsCode.ServerFailure)];
    }
}
