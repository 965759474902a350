using System.Runtime.ExceptionServices;

namespace Containerception.Linux;

/// <summary>Runs work on a thread that ends with it. setns(2) and unshare(2) move one thread, never the process.</summary>
public static class NamespaceThread
{
    /// <summary>Does the work on a thread of its own, waits for it, and passes on what it returns or throws.</summary>
    public static T Run<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;

        // Never the pool: a pool thread left in another namespace would serve somebody else's request there.
        Thread thread = new(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception thrown)
            {
                failure = ExceptionDispatchInfo.Capture(thrown);
            }
        })
        {
            Name = "namespace",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
