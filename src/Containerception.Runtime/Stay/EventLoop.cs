using System.Diagnostics;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>One thread's waiting for many things: descriptors by epoll(7), and moments in time.</summary>
internal sealed class EventLoop : IDisposable
{
    private const int EventsMax = 8;

    private readonly SafeFileHandle _epoll = Epoll.Create();
    private readonly Dictionary<ulong, Action<EpollEvents>> _handlers = [];
    private readonly List<Alarm> _alarms = [];
    private ulong _lastToken;

    /// <summary>Calls the handler whenever one of the events has come, until the watch is disposed.</summary>
    public Watch Add(SafeFileHandle file, EpollEvents events, Action<EpollEvents> handler)
    {
        ulong token = ++_lastToken;
        Epoll.Add(_epoll, file, events, token);
        _handlers.Add(token, handler);
        return new Watch(this, file, token);
    }

    /// <summary>Does the work once, after a time; disposed before, never.</summary>
    public Alarm After(TimeSpan time, Action work)
    {
        Alarm alarm = new(this, Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), work);
        _alarms.Add(alarm);
        return alarm;
    }

    /// <summary>Waits for what comes first, and handles it.</summary>
    public void RunOnce()
    {
        Span<EpollEvent> events = stackalloc EpollEvent[EventsMax];
        int count = Epoll.Wait(_epoll, events, MillisecondsToNext());
        foreach (EpollEvent item in events[..count])
        {
            // What an earlier handler took out of the loop is not called any more: tokens are never used twice.
            if (_handlers.TryGetValue(item.Token, out Action<EpollEvents>? handler))
            {
                handler(item.Events);
            }
        }

        long now = Stopwatch.GetTimestamp();
        for (int i = _alarms.Count - 1; i >= 0; i--)
        {
            Alarm alarm = i < _alarms.Count ? _alarms[i] : null!;
            if (alarm is not null && alarm.Due <= now)
            {
                alarm.Dispose();
                alarm.Work();
            }
        }
    }

    public void Dispose() => _epoll.Dispose();

    private int MillisecondsToNext()
    {
        long next = long.MaxValue;
        foreach (Alarm alarm in _alarms)
        {
            next = Math.Min(next, alarm.Due);
        }

        double milliseconds = (next - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency;
        return next == long.MaxValue ? -1 : (int)Math.Clamp(Math.Ceiling(milliseconds), 0, int.MaxValue);
    }

    /// <summary>A descriptor in the loop; whoever closes the descriptor disposes this first.</summary>
    internal sealed class Watch(EventLoop loop, SafeFileHandle file, ulong token) : IDisposable
    {
        public void Change(EpollEvents events) => Epoll.Modify(loop._epoll, file, events, token);

        public void Dispose()
        {
            if (loop._handlers.Remove(token))
            {
                Epoll.Remove(loop._epoll, file);
            }
        }
    }

    /// <summary>A moment in the loop.</summary>
    internal sealed class Alarm(EventLoop loop, long due, Action work) : IDisposable
    {
        public long Due { get; } = due;

        public Action Work { get; } = work;

        public void Dispose() => loop._alarms.Remove(this);
    }
}
