using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Stays with one container from its start to its end: reads what its program writes, serves who attaches, starts it again where its policy
/// says so, and leaves word of how it ended. One thread, one epoll.
/// </summary>
internal sealed class Supervisor : IClientRequests, IDisposable
{
    private static readonly TimeSpan SettledAfter = TimeSpan.FromMilliseconds(700);

    private readonly SupervisePlan _plan;
    private readonly IContainerRunner _runner;
    private readonly SupervisorDescriptors _inherited;
    private readonly TimeProvider _clock;
    private readonly EventLoop _loop = new();
    private readonly SafeFileHandle _signals;
    private readonly BackOff _backOff;
    private readonly ProgramLog? _log;
    private RestartPolicy _policy;
    private Clients? _clients;
    private DnsServer? _dns;
    private PortRelay? _relay;
    private ProgramStreams? _streams;
    private HealthChecks? _health;
    private EventLoop.Alarm? _restart;
    private StatusReport _status;
    private bool _isOver;

    public Supervisor(SupervisePlan plan, IContainerRunner runner, SupervisorDescriptors inherited, TimeProvider clock)
    {
        _plan = plan;
        _runner = runner;
        _inherited = inherited;
        _clock = clock;
        _policy = plan.Restart;
        _backOff = new BackOff(clock);
        _signals = Signals.Descriptor(SignalSet.All);
        _status = new StatusReport { State = "created", BootId = StatusReport.CurrentBootId() };
        _log = ProgramLog.Open(plan, clock);
        Prctl.IsChildSubreaper = true;
    }

    /// <summary>Starts the program; from then on whoever waits at the report pipe goes on.</summary>
    /// <exception cref="ContainerException">It does not run.</exception>
    public void Begin()
    {
        _loop.Add(_signals, EpollEvents.EPOLLIN, _ => TakeSignals());
        _clients = new Clients(_loop, _plan.Directory, _inherited.Client, this);
        if (_inherited is { DnsUdp: { } udp, DnsTcp: { } tcp })
        {
            _dns = new DnsServer(_loop, udp, tcp, _plan.Dns!.File);
        }

        _relay = new PortRelay(_loop, _inherited, _plan.Directory);
        StartProgram();
        _inherited.Report.Dispose();

        // Who is gone in a moment need not tidy up first.
        _loop.After(SettledAfter, ProcessMemory.GiveBack);
    }

    /// <summary>Returns when the program has ended for good, and what it said has reached the first client.</summary>
    public void Stay()
    {
        while (!_isOver || _clients!.FirstIsBehind)
        {
            _loop.RunOnce();
        }
    }

    /// <summary>Whether the first client is gone, so that nobody else cleans up.</summary>
    public bool IsAlone => !_clients!.HasFirst;

    public void Dispose()
    {
        _clients?.Dispose();
        _dns?.Dispose();
        _relay?.Dispose();
        _streams?.Dispose();
        _health?.Dispose();
        _log?.Dispose();
        _signals.Dispose();
        _loop.Dispose();
    }

    void IClientRequests.Stdin(Client client, ReadOnlySpan<byte> bytes)
    {
        if (_streams is null)
        {
            client.Send(FrameKind.StdinTaken, []);
        }
        else
        {
            _streams.WriteInput(bytes, () => client.Send(FrameKind.StdinTaken, []));
        }
    }

    void IClientRequests.StdinEnded(Client client) => EndInputOf(client);

    void IClientRequests.Resize(ushort rows, ushort columns) => _streams?.Resize(rows, columns);

    void IClientRequests.Unread(Client client, FrameKind stream)
    {
        if (client.IsFirst && !_plan.Tty)
        {
            _streams?.CloseOutput(stream);
        }
    }

    string? IClientRequests.Request(FrameKind kind, ReadOnlySpan<byte> content, Queue<SafeFileHandle> descriptors)
    {
        try
        {
            switch (kind)
            {
                case FrameKind.Signal:
                    SendSignal((Signal)content[0], forGood: content[1] != 0);
                    break;
                case FrameKind.Pause:
                    _runner.Pause();
                    _health?.Pause();
                    Report(_status with { State = "paused" });
                    break;
                case FrameKind.Resume:
                    _runner.Resume();
                    _health?.Resume();
                    Report(_status with { State = "running" });
                    break;
                case FrameKind.Hold:
                    Hold(Encoding.UTF8.GetString(content), Next(descriptors));
                    break;
                case FrameKind.Release:
                    Release(Encoding.UTF8.GetString(content));
                    break;
                case FrameKind.AnswerNames:
                    _dns?.Dispose();
                    _inherited.TakeDns(Next(descriptors), Next(descriptors));
                    _dns = new DnsServer(_loop, _inherited.DnsUdp!, _inherited.DnsTcp!, Encoding.UTF8.GetString(content));
                    break;
                default:
                    _policy = RestartPolicy.TryParse(Encoding.UTF8.GetString(content)) ?? throw new FormatException("no such restart policy");
                    break;
            }

            return null;
        }
        catch (Exception failure) when (failure is ContainerException or RuntimeLogException or FormatException or LinuxException)
        {
            return failure.Message;
        }
    }

    void IClientRequests.Left(Client client) => EndInputOf(client);

    void IClientRequests.Changed()
    {
        _clients?.Forget();
        HoldUpProgram();
    }

    // Who watches a descriptor lets go of it before it is closed.
    private void Hold(string key, SafeFileHandle descriptor)
    {
        _relay?.Remove(key);
        _inherited.Hold(key, descriptor);
        _relay?.Add(key);
    }

    private void Release(string key)
    {
        _relay?.Remove(key);
        _inherited.Release(key);
    }

    private void EndInputOf(Client client)
    {
        if (_plan.StdinOnce && client.IsFirst)
        {
            _streams?.EndInput();
        }
    }

    private static SafeFileHandle Next(Queue<SafeFileHandle> descriptors)
        => descriptors.TryDequeue(out SafeFileHandle? descriptor) ? descriptor : throw new FormatException("a descriptor must come along");

    private void StartProgram()
    {
        ProgramStreams streams = ProgramStreams.Open(_loop, _plan, TakeOutput);
        try
        {
            StartedProgram program = _runner.Start(streams.Ends);
            streams.Begin(program.Terminal);
            _streams = streams;
            _backOff.Started();
            _health = _plan.Health is null ? null : new HealthChecks(_loop, _plan, _runner, _inherited.Limit, _clock, () => Report(_status with { Health = _health!.Report }));
            Report(_status with
            {
                State = "running",
                Pid = program.Pid,
                Started = _clock.GetUtcNow(),
                ExitCode = 0,
                Signal = 0,
                OomKills = 0,
                Reason = null,
                Health = _health?.Report,
            });
        }
        catch
        {
            streams.Dispose();
            throw;
        }
    }

    private void TakeOutput(FrameKind stream, ReadOnlySpan<byte> bytes)
    {
        _log?.Add(stream, bytes);
        _clients!.Send(stream, bytes);
        HoldUpProgram();
    }

    private void HoldUpProgram() => _streams?.SetPaused(_clients is { FirstHoldsUp: true });

    private void TakeSignals()
    {
        while (Signals.TryRead(_signals) is { } received)
        {
            switch (received.Signal)
            {
                case Signal.SIGCHLD:
                    Reap();
                    break;
                case Signal.SIGTERM or Signal.SIGINT or Signal.SIGQUIT:
                    // The machine goes down, or somebody wants us gone: the program first.
                    TryStop();
                    break;
            }
        }
    }

    private void Reap()
    {
        while (Waiting.TryWaitAny() is { } ended)
        {
            if (ended.Pid == _status.Pid)
            {
                ProgramEnded(ended);
            }
            else
            {
                _health?.Ended(ended);
            }
        }
    }

    private void ProgramEnded(WaitStatus ended)
    {
        _streams!.Drain();
        _streams.Dispose();
        _streams = null;
        _health?.Dispose();
        _health = null;
        _log?.EndLines();
        long oomKills = TryCountOomKills();
        string? refused = ended.Signal == Signal.SIGSYS ? RefusedCall.TryFind(ended.Pid, _status.Started ?? _clock.GetUtcNow()) : null;
        string? complaint = TryDelete();
        StatusReport over = _status with
        {
            Pid = 0,
            Finished = _clock.GetUtcNow(),
            ExitCode = ended.ExitCode,
            Signal = (int)ended.Signal,
            OomKills = oomKills,
            Reason = complaint ?? refused,
        };
        if (!over.WasStopped && _policy.Wants(ended.ExitCode, over.RestartCount))
        {
            Report(over with { State = "restarting" });
            _clients!.SendEnded(ended.ExitCode, forGood: false);
            _restart = _loop.After(_backOff.Next(), Restart);
        }
        else
        {
            End(over);
        }
    }

    private void Restart()
    {
        _restart = null;
        try
        {
            Report(_status with { RestartCount = _status.RestartCount + 1 });
            StartProgram();
        }
        catch (Exception failure) when (failure is ContainerException or RuntimeLogException or LinuxException)
        {
            const int NotStarted = 128;
            End(_status with { Pid = 0, ExitCode = NotStarted, Reason = failure.Message });
        }
    }

    private void End(StatusReport over)
    {
        Report(over with { State = "exited" });
        _clients!.SendEnded(over.ExitCode, forGood: true);
        _isOver = true;
    }

    private void SendSignal(Signal signal, bool forGood)
    {
        if (_isOver)
        {
            // Whoever asks wants the container gone: a first client that does not read any more is waited for no longer.
            _clients!.LetFirstGo();
            return;
        }

        if (forGood)
        {
            Report(_status with { WasStopped = true });
            if (_restart is not null)
            {
                _restart.Dispose();
                _restart = null;
                End(_status);
                return;
            }
        }

        if (_restart is null)
        {
            _runner.Kill(signal);
        }
        else
        {
            throw new ContainerException(FailureKind.Conflict, "the container is restarting");
        }
    }

    private void TryStop()
    {
        try
        {
            SendSignal((Signal)_plan.StopSignal, forGood: true);
        }
        catch (Exception failure) when (failure is ContainerException or RuntimeLogException)
        {
            // It has ended already: that is heard next.
        }
    }

    private long TryCountOomKills()
    {
        try
        {
            return _runner.OomKills();
        }
        catch (Exception failure) when (failure is LinuxException or Cgroups.CgroupException)
        {
            return 0;
        }
    }

    private string? TryDelete()
    {
        try
        {
            _runner.Delete();
            return null;
        }
        catch (Exception failure) when (failure is ContainerException or RuntimeLogException or LinuxException)
        {
            return $"cleaning up failed: {failure.Message}";
        }
    }

    private void Report(StatusReport status)
    {
        StatusReport before = _status;
        _status = status;
        try
        {
            status.Write(_plan.Directory);
            EventLog.OfContainer(_plan.Directory, _clock).Changed(_plan.Id, _plan.Name, _plan.Image, before, status);
        }
        catch (LinuxException)
        {
            // A full disk, want of descriptors, or a directory that somebody has taken away, must not end the container.
        }
    }
}
