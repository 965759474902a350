using System.Text.Json;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// <c>&lt;root&gt;/&lt;id&gt;/</c>: a container's state.json, config.json and exec.fifo. The directory's making claims the id; its lock orders the
/// commands that change the container. Files are written beside, then renamed: a crash leaves the old or the new.
/// </summary>
internal sealed class StateDirectory : IDisposable
{
    /// <summary>The name of the socket in <see cref="NotifyPath"/>.</summary>
    public const string NotifySocket = "notify.sock";

    private const string NotifyDirectory = "notify";
    private const string StateFile = "state.json";
    private const string ConfigFile = "config.json";
    private const string FifoFile = "exec.fifo";
    private const int AttemptsMax = 3;
    private const int StateBytesMax = 1 << 20;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode RootMode = OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode DirectoryMode = RootMode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly string _path;
    private readonly SafeFileHandle _directory;

    private StateDirectory(string path, SafeFileHandle directory)
    {
        _path = path;
        _directory = directory;
    }

    /// <summary>Makes the directory, and holds its lock.</summary>
    /// <exception cref="ContainerException">There is such a container.</exception>
    public static StateDirectory Claim(string root, string id)
    {
        Check(id);
        MakeRoot(root);
        string path = Path.Join(root, id);
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            Files.TryMkdirAt(Descriptor.WorkingDirectory, path, DirectoryMode);
            if (OpenDirectory(path) is not { } directory)
            {
                continue;
            }

            // Whoever has the lock of a directory that is still there and holds no state yet owns the id, whoever made the directory: so a
            // directory that a dead create left is taken over, and of two that race one wins.
            if (FileContents.TryFlock(directory))
            {
                if (FileStatuses.TryStatx(directory, StateFile, AtFlags.None) is not null)
                {
                    directory.Dispose();
                    break;
                }

                if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None)?.Inode == FileStatuses.Statx(directory).Inode)
                {
                    return new StateDirectory(path, directory);
                }
            }

            directory.Dispose();
        }

        throw new ContainerException(FailureKind.AlreadyExists, "container with given ID already exists");
    }

    /// <summary>The directory of a container that exists; null when there is none.</summary>
    public static StateDirectory? TryOpen(string root, string id)
    {
        Check(id);
        string path = Path.Join(root, id);
        return OpenDirectory(path) is { } directory ? new StateDirectory(path, directory) : null;
    }

    /// <exception cref="ContainerException">There is none.</exception>
    public static StateDirectory Open(string root, string id)
        => TryOpen(root, id) ?? throw new ContainerException(FailureKind.NotFound, "container does not exist");

    public static IEnumerable<string> Ids(string root)
        => Directory.Exists(root)
            ? Directory.EnumerateDirectories(root).Select(path => Path.GetFileName(path)!).Where(id => ContainerId.TryParse(id, out _)).Order(StringComparer.Ordinal)
            : [];

    /// <summary>For the child, which must not keep the lock that comes with it.</summary>
    public SafeFileHandle Handle => _directory;

    /// <summary>The directory of a socket for sd_notify(3), which the container sees.</summary>
    public string NotifyPath => Path.Join(_path, NotifyDirectory);

    /// <summary>Whether this container was made with one.</summary>
    public bool HasNotifyDirectory => FileStatuses.TryStatx(_directory, NotifyDirectory, AtFlags.AT_SYMLINK_NOFOLLOW) is not null;

    /// <summary>Makes it, open to the container's users.</summary>
    public void MakeNotifyDirectory()
    {
        const UnixFileMode ForAll = DirectoryMode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Files.TryMkdirAt(_directory, NotifyDirectory, ForAll);
        Files.FchmodAt(_directory, NotifyDirectory, ForAll);
    }

    /// <summary>Waits for the other commands that change this container.</summary>
    public void Lock() => FileContents.Flock(_directory);

    /// <summary>Lets the other commands go on, before the end.</summary>
    public void Unlock() => FileContents.Funlock(_directory);

    public void SaveConfig(byte[] document) => Write(ConfigFile, document);

    public byte[] LoadConfig()
    {
        using SafeFileHandle file = Files.OpenAt(_directory, ConfigFile, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
        return FileContents.ReadAll(file, Bundle.ConfigBytesMax);
    }

    public void Save(SavedState state) => Write(StateFile, state.Write().Span);

    /// <summary>The saved state; null when its maker died before it wrote one.</summary>
    public SavedState? TryLoad()
    {
        try
        {
            using SafeFileHandle file = Files.OpenAt(_directory, StateFile, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
            return SavedState.Read(FileContents.ReadAll(file, StateBytesMax));
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENOENT)
        {
            return null;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ContainerException(FailureKind.System, $"{Path.Join(_path, StateFile)} is damaged: {failure.Message}", "remove the container with delete --force", failure);
        }
    }

    public SavedState Load() => TryLoad() ?? throw new ContainerException(FailureKind.NotFound, "container does not exist");

    /// <summary>Makes the fifo on which init waits for start, and opens it as init will hold it: for both, so that no end is ever missing.</summary>
    public SafeFileHandle MakeFifo()
    {
        Files.MknodAt(_directory, FifoFile, FileType.S_IFIFO, OwnerOnly);
        return Files.OpenAt(_directory, FifoFile, OpenFlags.O_RDWR | OpenFlags.O_CLOEXEC);
    }

    /// <summary>Whether init still waits for start.</summary>
    public bool HasFifo => FileStatuses.TryStatx(_directory, FifoFile, AtFlags.AT_SYMLINK_NOFOLLOW) is not null;

    /// <summary>Lets init go on. False when nobody waits any more.</summary>
    public bool OpenFifo()
    {
        try
        {
            using SafeFileHandle fifo = Files.OpenAt(_directory, FifoFile, OpenFlags.O_WRONLY | OpenFlags.O_NONBLOCK | OpenFlags.O_CLOEXEC);
            FileContents.WriteAll(fifo, "0"u8);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENXIO or Errno.ENOENT)
        {
            return false;
        }

        Files.TryUnlinkAt(_directory, FifoFile);
        return true;
    }

    /// <summary>Removes the directory and all in it.</summary>
    public void Remove()
    {
        foreach (string name in (ReadOnlySpan<string>)[FifoFile, ConfigFile, ConfigFile + ".new", StateFile, StateFile + ".new"])
        {
            Files.TryUnlinkAt(_directory, name);
        }

        if (HasNotifyDirectory)
        {
            Files.TryUnlinkAt(_directory, $"{NotifyDirectory}/{NotifySocket}");
            Files.TryUnlinkAt(_directory, NotifyDirectory, AtFlags.AT_REMOVEDIR);
        }

        Files.TryUnlinkAt(Descriptor.WorkingDirectory, _path, AtFlags.AT_REMOVEDIR);
    }

    public void Dispose() => _directory.Dispose();

    private static void Check(string id)
    {
        if (!ContainerId.TryParse(id, out _))
        {
            throw new ContainerException(FailureKind.Invalid, "invalid container ID format", "letters, digits and _ + - . are allowed");
        }
    }

    /// <summary>Makes the directory of all of them, where there is none.</summary>
    public static void MakeRoot(string root)
    {
        try
        {
            Directory.CreateDirectory(root, RootMode);
        }
        catch (IOException failure)
        {
            // Its own message is a key: the texts are no part of the program.
            throw new ContainerException(FailureKind.System, $"cannot make the directory {root}: it, or something on the way to it, is a file", "see --root", failure);
        }
    }

    private static SafeFileHandle? OpenDirectory(string path)
    {
        SafeFileHandle directory;
        try
        {
            directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }

        RefusePlanted(path, FileStatuses.Statx(directory));
        return directory;
    }

    /// <summary>Whoever can write here says which processes are killed and which hooks run: that must be us, or root.</summary>
    private static void RefusePlanted(string path, in FileStatus status)
    {
        if ((status.Uid != 0 && status.Uid != Credentials.EffectiveUid) || (status.Permissions & Writable) != 0)
        {
            throw new ContainerException(
                FailureKind.Conflict, $"{path} belongs to uid {status.Uid}, mode 0{Convert.ToString((int)status.Permissions, 8)}: others could have written what is in it",
                "a state directory must be the caller's own; see --root");
        }
    }

    private void Write(string name, ReadOnlySpan<byte> content)
    {
        string beside = name + ".new";
        using (SafeFileHandle file = Files.OpenAt(_directory, beside, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC, OwnerOnly))
        {
            FileContents.WriteAll(file, content);
        }

        Files.RenameAt2(_directory, beside, _directory, name);
    }
}
