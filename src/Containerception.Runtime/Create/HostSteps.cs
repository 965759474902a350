using System.Diagnostics;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>Tells what the runtime itself does for a container, as the container's own steps are told. When nobody listens it only does it.</summary>
internal sealed class HostSteps(Action<StepRecord>? listener)
{
    /// <summary>The same for what must go on though nobody can be told: the log is a pipe without a reader, or its disk is full.</summary>
    public HostSteps ToWhoeverListens => listener is null ? this : new(TryTell);

    /// <param name="name">The step's name.</param>
    /// <param name="words">What is done.</param>
    /// <param name="why">Why a container needs it.</param>
    /// <param name="call">What is called; asked for only when somebody listens.</param>
    /// <param name="work">The step.</param>
    public T Do<T>(string name, string words, string why, Func<string> call, Func<T> work)
    {
        long started = Begin();
        T result = work();
        End(started, name, words, why, call);
        return result;
    }

    /// <inheritdoc cref="Do{T}"/>
    public void Do(string name, string words, string why, Func<string> call, Action work)
    {
        long started = Begin();
        work();
        End(started, name, words, why, call);
    }

    /// <returns>For <see cref="End"/>, where a step is more than one expression.</returns>
    public long Begin() => listener is null ? 0 : Stopwatch.GetTimestamp();

    /// <inheritdoc cref="Do{T}"/>
    public void End(long started, string name, string words, string why, Func<string> call)
    {
        if (listener is not null)
        {
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            listener(new StepRecord(name, words, call(), why, took));
        }
    }

    private void TryTell(StepRecord step)
    {
        try
        {
            listener!(step);
        }
        catch (LinuxException)
        {
            // Nobody was promised these words.
        }
    }
}
