using System.Diagnostics;

namespace Containerception.Runtime;

/// <summary>Tells what the runtime itself does for a container, as the container's own steps are told. When nobody listens it only does it.</summary>
internal sealed class HostSteps(Action<StepRecord>? listener)
{
    /// <param name="name">The step's name.</param>
    /// <param name="words">What is done.</param>
    /// <param name="why">Why a container needs it.</param>
    /// <param name="call">What is called; asked for only when somebody listens.</param>
    /// <param name="work">The step.</param>
    public T Do<T>(string name, string words, string why, Func<string> call, Func<T> work)
    {
        if (listener is null)
        {
            return work();
        }

        long started = Stopwatch.GetTimestamp();
        T result = work();
        listener(new StepRecord(name, words, call(), why, Stopwatch.GetElapsedTime(started)));
        return result;
    }
}
