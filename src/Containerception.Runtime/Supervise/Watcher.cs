using Containerception.Cgroups;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Tells of a running container: what it uses, every so often, and when its memory has run out. One thread, one epoll.</summary>
internal sealed class Watcher(SavedState state, Cgroup cgroup)
{
    private const ulong EndToken = 1;
    private const ulong TimeToken = 2;
    private const ulong OomToken = 3;
    private const int EventsMax = 4;

    /// <summary>What it uses now.</summary>
    public ContainerStats ReadStats() => new()
    {
        Cgroup = cgroup.ReadStats(),
        Rdt = state.Rdt is { } rdt && ResctrlMount.Find() is { } mount ? ResctrlStats.Read(mount, rdt) : null,
        Interfaces = state.Namespaces.HasFlag(CloneFlags.CLONE_NEWNET) ? NetworkCounters.Read(state.InitPid, state.InitStart) : null,
    };

    /// <summary>Returns when the container has ended.</summary>
    public void Watch(SafeFileHandle init, TimeSpan interval, Action<ContainerStats> tellStats, Action tellOom)
    {
        using OomWatch? oom = cgroup.WatchOom();
        using SafeFileHandle timer = Timers.Every(interval);
        using SafeFileHandle epoll = Epoll.Create();
        Epoll.Add(epoll, init, EpollEvents.EPOLLIN, EndToken);
        Epoll.Add(epoll, timer, EpollEvents.EPOLLIN, TimeToken);
        if (oom is not null)
        {
            Epoll.Add(epoll, oom.File, oom.Events, OomToken);
        }

        Span<EpollEvent> events = stackalloc EpollEvent[EventsMax];
        for (bool ended = false; !ended;)
        {
            bool isTime = false;
            foreach (EpollEvent item in events[..Epoll.Wait(epoll, events)])
            {
                ended |= item.Token == EndToken;
                isTime |= item.Token == TimeToken && Timers.Take(timer) > 0;
            }

            // Asked for every event: what ended the container may have been the lack of memory, and comes first.
            if (oom?.Take() == true)
            {
                tellOom();
            }

            if (isTime && !ended)
            {
                tellStats(ReadStats());
            }
        }
    }
}
