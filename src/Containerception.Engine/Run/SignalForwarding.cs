using System.Runtime.InteropServices;
using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>Passes on to the runtime, and so to the container, what this process is sent. docker's <c>--sig-proxy</c>.</summary>
internal sealed class SignalForwarding : IDisposable
{
    private static readonly Signal[] Forwarded =
        [Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM, Signal.SIGUSR1, Signal.SIGUSR2];

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _gate = new();
    private readonly List<Signal> _early = [];
    private int _pid;

    /// <summary>Keeps what arrives from now on.</summary>
    public SignalForwarding()
    {
        foreach (Signal signal in Forwarded)
        {
            _registrations.Add(PosixSignalRegistration.Create(Dotnet(signal), context =>
            {
                context.Cancel = true;
                Pass(signal);
            }));
        }
    }

    /// <summary>Passes on what has arrived, and what will.</summary>
    public void To(int pid)
    {
        lock (_gate)
        {
            _pid = pid;
            _early.ForEach(signal => Processes.Kill(pid, signal));
            _early.Clear();
        }
    }

    public void Dispose() => _registrations.ForEach(one => one.Dispose());

    private void Pass(Signal signal)
    {
        lock (_gate)
        {
            if (_pid == 0)
            {
                _early.Add(signal);
            }
            else
            {
                Processes.Kill(_pid, signal);
            }
        }
    }

    // A number that .NET has no name for is the kernel's own.
    private static PosixSignal Dotnet(Signal signal) => signal switch
    {
        Signal.SIGHUP => PosixSignal.SIGHUP,
        Signal.SIGINT => PosixSignal.SIGINT,
        Signal.SIGQUIT => PosixSignal.SIGQUIT,
        Signal.SIGTERM => PosixSignal.SIGTERM,
        _ => (PosixSignal)(int)signal,
    };
}
