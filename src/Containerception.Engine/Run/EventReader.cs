using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>Reads the lines of the <see cref="EventLog"/>: those that are there, and then those that come, without asking again and again.</summary>
internal sealed class EventReader : IDisposable
{
    private const int BufferBytes = 1 << 16;
    private const int LineBytesMax = 1 << 20;

    private readonly string _path;
    private readonly SafeFileHandle _changes = Inotify.Create();
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly List<byte> _line = [];
    private SafeFileHandle? _file;

    public EventReader(string directory)
    {
        _path = Path.Join(directory, EventLog.FileName);

        // Before the first look: nothing that comes between is missed.
        Inotify.AddWatch(_changes, directory, InotifyEvents.IN_MODIFY | InotifyEvents.IN_CREATE | InotifyEvents.IN_MOVED_TO | InotifyEvents.IN_ONLYDIR);
        _file = TryOpen(Path.Join(directory, EventLog.OldFileName)) ?? TryOpen(_path);
    }

    /// <summary>The lines that are there and were not read yet.</summary>
    public IEnumerable<byte[]> Read()
    {
        while (true)
        {
            _file ??= TryOpen(_path);
            if (_file is null)
            {
                yield break;
            }

            // Whether there is a newer one is asked before the end is read: what is written to this one until then is not missed.
            bool isLast = FileStatuses.TryStatx(Descriptor.WorkingDirectory, _path, AtFlags.None) is not FileStatus now || now.Inode == FileStatuses.Statx(_file).Inode;
            int count;
            while ((count = FileContents.Read(_file, _buffer)) > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    if (_buffer[i] != (byte)'\n')
                    {
                        _line.Add(_buffer[i]);
                        continue;
                    }

                    byte[] line = [.. _line];
                    _line.Clear();
                    yield return line;
                }

                if (_line.Count > LineBytesMax)
                {
                    _line.Clear();
                }
            }

            if (isLast)
            {
                yield break;
            }

            _file.Dispose();
            _file = null;
        }
    }

    /// <summary>Waits until something may have come; false when the time was up before.</summary>
    public bool Wait(int timeoutMilliseconds)
    {
        bool any = Polling.Poll(_changes, PollEvents.POLLIN, timeoutMilliseconds) != PollEvents.None;
        Inotify.Drain(_changes);
        return any;
    }

    public void Dispose()
    {
        _file?.Dispose();
        _changes.Dispose();
    }

    private static SafeFileHandle? TryOpen(string path)
        => Files.TryOpenAt2(Descriptor.WorkingDirectory, path, OpenFlags.O_RDONLY, ResolveFlags.None);
}
