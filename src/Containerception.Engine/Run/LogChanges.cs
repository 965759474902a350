using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Waits for more of a log, or for the end of whoever writes it: a supervisor that is killed changes no file, but its connections hang up.
/// </summary>
internal sealed class LogChanges : IDisposable
{
    private const ulong FilesToken = 1;
    private const ulong SupervisorToken = 2;
    private const int AnswerBytes = 4096;

    // Whoever has the container without being there is about to come, or to be gone: a matter of milliseconds.
    private const int ComingMilliseconds = 1000;

    private const InotifyEvents Changes =
        InotifyEvents.IN_MODIFY | InotifyEvents.IN_MOVED_TO | InotifyEvents.IN_CREATE | InotifyEvents.IN_DELETE | InotifyEvents.IN_DELETE_SELF;

    private readonly string _directory;
    private readonly SafeFileHandle _epoll = Epoll.Create();
    private readonly SafeFileHandle _files = Inotify.Create();
    private SupervisorLine? _supervisor;
    private bool _hasHungUp;

    public LogChanges(string directory)
    {
        _directory = directory;
        Inotify.AddWatch(_files, directory, Changes);
        Epoll.Add(_epoll, _files, EpollEvents.EPOLLIN, FilesToken);
    }

    /// <summary>Nothing is written from now on.</summary>
    public bool IsOver()
    {
        // First of all: who dies after it is heard by Wait.
        Connect();
        return _hasHungUp || !ContainerDirectory.IsTaken(_directory) || StatusReport.TryRead(_directory) is null or { State: "exited" };
    }

    public void Wait()
    {
        Span<EpollEvent> events = stackalloc EpollEvent[2];
        int count = Epoll.Wait(_epoll, events, _supervisor is null ? ComingMilliseconds : Timeout.Infinite);
        foreach (EpollEvent item in events[..count])
        {
            if (item.Token == FilesToken)
            {
                Inotify.Drain(_files);
            }
            else
            {
                _hasHungUp = !TryHear();
            }
        }
    }

    public void Dispose()
    {
        _supervisor?.Dispose();
        _files.Dispose();
        _epoll.Dispose();
    }

    private void Connect()
    {
        if (_supervisor is null && (_supervisor = SupervisorLine.TryConnect(_directory)) is not null)
        {
            Epoll.Add(_epoll, _supervisor.Give(), EpollEvents.EPOLLIN, SupervisorToken);
        }
    }

    // It tells of each end of the program, which is taken so that it need not be kept.
    private bool TryHear()
    {
        try
        {
            return FileContents.Read(_supervisor!.Give(), stackalloc byte[AnswerBytes]) > 0;
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ECONNRESET)
        {
            return false;
        }
    }
}
