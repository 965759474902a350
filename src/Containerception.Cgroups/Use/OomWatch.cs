using System.Globalization;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Tells when a container's memory has run out. Version 1: cgroup.event_control; version 2: memory.events. To be polled, then asked.</summary>
public sealed class OomWatch : IDisposable
{
    private readonly CgroupNode _node;
    private readonly SafeFileHandle _file;
    private long _kills;

    private OomWatch(CgroupNode node, SafeFileHandle file)
    {
        _node = node;
        _file = file;

        // What was before is no news.
        _kills = node.IsUnified ? Kills() : 0;
    }

    /// <summary>What to poll.</summary>
    public SafeFileHandle File => _file;

    /// <summary>What to poll it for.</summary>
    public EpollEvents Events => _node.IsUnified ? EpollEvents.EPOLLPRI : EpollEvents.EPOLLIN;

    /// <summary>Whether it has happened since the last time that this was asked.</summary>
    public bool Take()
    {
        if (_node.IsUnified)
        {
            long kills = Kills();
            bool more = kills > _kills;
            _kills = Math.Max(kills, _kills);
            return more;
        }

        // The removal of the group is told in the same way.
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        return FileContents.TryRead(_file, count) > 0 && _node.TryRead("memory.oom_control") is not null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static OomWatch? TryOpen(CgroupNode node) => node.IsUnified ? TryOpenV2(node) : TryOpenV1(node);

    private static OomWatch? TryOpenV2(CgroupNode node)
    {
        // Without a memory controller there is no such file.
        if (node.TryRead("memory.events") is null)
        {
            return null;
        }

        SafeFileHandle events = node.OpenFile("memory.events", OpenFlags.O_RDONLY);
        try
        {
            return new OomWatch(node, events);
        }
        catch
        {
            events.Dispose();
            throw;
        }
    }

    // Documentation/admin-guide/cgroup-v1/memory.rst, "OOM Control": an eventfd, and the file that it is to tell of.
    private static OomWatch? TryOpenV1(CgroupNode node)
    {
        using SafeFileHandle? told = node.TryOpenFile("memory.oom_control", OpenFlags.O_RDONLY);
        using SafeFileHandle? control = node.TryOpenFile("cgroup.event_control", OpenFlags.O_WRONLY);
        if (told is null || control is null)
        {
            return null;
        }

        SafeFileHandle counter = Pipes.Event();
        try
        {
            Descriptors.SetNonBlocking(counter, nonBlocking: true);
            string registration = string.Create(CultureInfo.InvariantCulture, $"{counter.DangerousGetHandle()} {told.DangerousGetHandle()}");
            FileContents.WriteAll(control, System.Text.Encoding.ASCII.GetBytes(registration));
            return new OomWatch(node, counter);
        }
        catch
        {
            counter.Dispose();
            throw;
        }
    }

    // Only reading the polled descriptor itself takes the event back.
    private long Kills()
    {
        try
        {
            return StatText.Key(StatText.ReadAgain(_file), "oom_kill") is { } kills ? (long)kills : 0;
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENODEV)
        {
            // The group is gone, and its last word was heard.
            return _kills;
        }
    }
}
