namespace Containerception.Runtime;

/// <summary>How long a program that ends again and again is left alone before it is started again: docker's times.</summary>
internal sealed class BackOff(TimeProvider clock)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Who ran that long is well, and begins anew.</summary>
    private static readonly TimeSpan Well = TimeSpan.FromSeconds(10);

    private TimeSpan _last;
    private long _started;

    public void Started() => _started = clock.GetTimestamp();

    public TimeSpan Next()
    {
        _last = _last == default || clock.GetElapsedTime(_started) >= Well ? First : _last * 2 > Longest ? Longest : _last * 2;
        return _last;
    }
}
