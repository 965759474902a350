namespace Containerception.Conformance.Tests;

/// <summary>Somebody who, as fast as the kernel lets him, exchanges two names in a folder of a container's root file system.</summary>
internal sealed class Swapper : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _over;

    public Swapper(string one, string other)
    {
        _thread = new Thread(() =>
        {
            while (!_over)
            {
                Posix.Exchange(one, other);
                Count++;
            }
        });
        _thread.Start();
    }

    public long Count { get; private set; }

    public void Dispose()
    {
        _over = true;
        _thread.Join();
    }
}
