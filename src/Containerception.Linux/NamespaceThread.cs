using System.Runtime.ExceptionServices;

namespace Containerception.Linux;

/// <summary>A thread for work that ends with it. setns(2) and unshare(2) move one thread, never the process.</summary>
public sealed class NamespaceThread : IDisposable
{
    // Those by which a process is told something. They are for the thread that listens: here they would end the process, whatever that one has blocked since.
    private static readonly SignalSet Told =
        SignalSet.Of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM, Signal.SIGUSR1, Signal.SIGUSR2, Signal.SIGWINCH);

    // Who waits here waits for long: to spin would take the processor from whom it waits for.
    private readonly ManualResetEventSlim _known = new(initialState: false, spinCount: 0);
    private readonly Thread _thread;
    private Action? _rest;
    private ExceptionDispatchInfo? _failure;

    private NamespaceThread(Action first)
    {
        // Never the pool: a pool thread left in another namespace would serve somebody else's request there.
        _thread = new Thread(() => Work(first)) { Name = "namespace", IsBackground = true };

        // It has our mask from its first instruction on.
        SignalSet before = Signals.Block(Told);
        try
        {
            _thread.Start();
        }
        finally
        {
            Signals.SetMask(before);
        }
    }

    /// <summary>Does the work on a thread of its own, waits for it, and passes on what it returns or throws.</summary>
    public static T Run<T>(Func<T> work)
    {
        T result = default!;
        using NamespaceThread thread = Begin(() => { });
        thread.Finish(() => result = work());
        return result;
    }

    /// <summary>Begins with what is known already, and does not wait for it.</summary>
    public static NamespaceThread Begin(Action first) => new(first);

    /// <summary>Does the rest on the same thread, waits for it, and passes on what either part throws. Once.</summary>
    public void Finish(Action rest)
    {
        _rest = rest;
        End();
        _failure?.Throw();
    }

    /// <summary>Ends the thread; without <see cref="Finish"/> what its first part has thrown is lost.</summary>
    public void Dispose()
    {
        End();
        _known.Dispose();
    }

    private void End()
    {
        _known.Set();
        _thread.Join();
    }

    private void Work(Action first)
    {
        try
        {
            first();
            _known.Wait();
            _rest?.Invoke();
        }
        catch (Exception thrown)
        {
            _failure = ExceptionDispatchInfo.Capture(thrown);
        }
    }
}
