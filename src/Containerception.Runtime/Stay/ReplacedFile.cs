using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The content of a file that is changed by renaming another over it, read once for each. The one that was read is kept open: so nobody else gets its
/// inode's number, and that number tells whether the name still means it.
/// </summary>
internal sealed class ReplacedFile(string path, int bytesMax) : IDisposable
{
    private SafeFileHandle? _file;
    private FileStatus _status;

    /// <summary>Empty when there is no such file.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; }

    /// <summary>Looks whether it is another by now; true when it was read again.</summary>
    public bool Refresh()
    {
        FileStatus? now = FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None);
        if (now is { } there && _file is not null && there.Inode == _status.Inode && there.Device == _status.Device)
        {
            return false;
        }

        bool had = _file is not null;
        Dispose();
        if (now is null)
        {
            return had;
        }

        SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY);
        try
        {
            _status = FileStatuses.Statx(file);
            Content = FileContents.ReadAll(file, bytesMax);
            _file = file;
            return true;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        Content = default;
    }
}
