using System.Collections.Immutable;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>One directory of a control group: a container has one in each tree. Opened when first used, and from then on the same directory.</summary>
internal sealed class CgroupNode(string path, ImmutableArray<string> controllers) : IDisposable
{
    // The largest file that is read, cgroup.procs, has at most eight bytes for each of 4 million processes.
    private const int BytesMax = 32 << 20;

    private SafeFileHandle? _directory;

    /// <summary>A group that is open: disposing the result closes it.</summary>
    public static CgroupNode Take(SafeFileHandle directory, string path, ImmutableArray<string> controllers)
        => new(path, controllers) { _directory = directory };

    public string Path { get; } = path;

    public ImmutableArray<string> Controllers { get; } = controllers;

    public bool IsUnified => Controllers is [CgroupHierarchy.UnifiedName];

    public SafeFileHandle Directory
        => _directory ??= Files.Open(Path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);

    /// <summary>Whether the directory is (still) there.</summary>
    public bool Exists
    {
        get
        {
            if (_directory is null)
            {
                _directory = Files.TryOpenAt2(Descriptor.WorkingDirectory, Path,
                    OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW, ResolveFlags.None);
                return _directory is not null;
            }

            return FileStatuses.TryStatx(Descriptor.WorkingDirectory, Path, AtFlags.AT_SYMLINK_NOFOLLOW) is not null;
        }
    }

    /// <summary>kernfs counts "." and the ".." of every directory in it, as Unix always has.</summary>
    public bool HasChildren => FileStatuses.Statx(Directory).Links > 2;

    /// <summary>The group of this name in this one, which is there.</summary>
    public CgroupNode Child(string name)
        => Take(Files.OpenAt(Directory, name, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW), Path + "/" + name, Controllers);

    public SafeFileHandle OpenFile(string name, OpenFlags flags) => Files.OpenAt(Directory, name, flags | OpenFlags.O_NOFOLLOW);

    /// <summary>null when there is no such file.</summary>
    public SafeFileHandle? TryOpenFile(string name, OpenFlags flags) => Open(Directory, name, flags);

    public string Read(string file) => FileContents.ReadText(Directory, file, BytesMax);

    public string? TryRead(string name)
    {
        using SafeFileHandle? file = TryOpenFile(name, OpenFlags.O_RDONLY);
        return file is null ? null : Encoding.UTF8.GetString(FileContents.ReadAll(file, BytesMax));
    }

    public void Write(string file, string value) => FileContents.WriteText(Directory, file, value);

    /// <summary>The number behind a key in a file of "key number" lines; null when the file or the key is not there.</summary>
    public long? TryReadKey(string file, string key)
    {
        foreach (string line in (TryRead(file) ?? "").Split('\n'))
        {
            if (line.Length > key.Length && line[key.Length] == ' ' && line.StartsWith(key, StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(key.Length + 1), provider: null);
            }
        }

        return null;
    }

    /// <summary>Adds the processes of this group, without those of the groups in it.</summary>
    public void AddProcesses(SortedSet<int> pids) => AddProcesses(Directory, pids);

    /// <summary>Adds the processes of this group and of all groups in it.</summary>
    public void AddAllProcesses(SortedSet<int> pids)
    {
        AddProcesses(pids);
        CgroupWalk.Below(Directory, enter: directory => AddProcesses(directory, pids));
    }

    public void Dispose() => _directory?.Dispose();

    private static SafeFileHandle? Open(SafeFileHandle directory, string name, OpenFlags flags)
    {
        try
        {
            return Files.TryOpenAt2(directory, name, flags, ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_SYMLINKS);
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENODEV)
        {
            // The group was taken away since its directory was opened.
            return null;
        }
    }

    private static void AddProcesses(SafeFileHandle directory, SortedSet<int> pids)
    {
        foreach (string line in ReadProcesses(directory).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            pids.Add(int.Parse(line, provider: null));
        }
    }

    // cgroups(7): a threaded group (EOPNOTSUPP) lists threads alone. Their processes are told by the domain above it, which is the container's own
    // group or one in it: a group that has processes can no longer be made threaded. ENODEV: the group went while it was read.
    private static string ReadProcesses(SafeFileHandle directory)
    {
        try
        {
            using SafeFileHandle? file = Open(directory, "cgroup.procs", OpenFlags.O_RDONLY);
            return file is null ? "" : Encoding.UTF8.GetString(FileContents.ReadAll(file, BytesMax));
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EOPNOTSUPP or Errno.ENODEV)
        {
            return "";
        }
    }
}
