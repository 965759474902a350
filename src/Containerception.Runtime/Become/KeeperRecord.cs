using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// <c>keeper</c>, a file in a user's runtime directory: the pid of the process that keeps his namespaces, and the numbers of his user
/// and his network namespace. The keeper holds the file's lock as long as it lives, so a pid that is still right can be told from one that was used again.
/// </summary>
internal sealed class KeeperRecord : IDisposable
{
    private const string FileName = "keeper";
    private const string NewName = "keeper.new";
    private const int TextBytesMax = 64;

    // 340 lines.
    private const int MapBytesMax = 1 << 14;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly SafeFileHandle _directory;
    private SafeFileHandle? _file;

    private KeeperRecord(SafeFileHandle directory) => _directory = directory;

    /// <exception cref="ContainerException">The directory is not the caller's alone: whoever else can write there could lead him anywhere.</exception>
    public static KeeperRecord Open(string path)
    {
        SafeFileHandle? directory = null;
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW);
            FileStatus status = FileStatuses.Statx(directory);
            if (status.Uid != Credentials.EffectiveUid || (status.Permissions & Others) != 0)
            {
                throw new ContainerException(
                    FailureKind.Conflict, $"{path} belongs to the user {status.Uid} and has the mode {Convert.ToString((int)status.Permissions, 8)}: it must be this user's alone",
                    "set XDG_RUNTIME_DIR to a directory that is, or remove it");
            }

            return new KeeperRecord(directory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or LinuxException)
        {
            directory?.Dispose();
            throw new ContainerException(
                FailureKind.System, $"the runtime directory cannot be used: {failure.Message}", "set XDG_RUNTIME_DIR to a directory that is this user's, or unset it", failure);
        }
        catch
        {
            directory?.Dispose();
            throw;
        }
    }

    /// <summary>The keeper, if it lives: as a pidfd, which cannot come to mean another.</summary>
    public SafeFileHandle? TryFind()
    {
        using SafeFileHandle? file = Files.TryOpenAt2(_directory, FileName, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_NO_SYMLINKS);
        if (file is null || !IsKept(file) || Read(file) is not (int pid, _))
        {
            return null;
        }

        SafeFileHandle? process = Processes.TryPidfdOpen(pid);

        // Who has the lock now had it before, so the process has been the keeper all the time.
        if (process is null || IsKept(file))
        {
            return process;
        }

        process.Dispose();
        return null;
    }

    /// <summary>Keeps others from making a keeper until this is disposed.</summary>
    public void Lock() => FileContents.Flock(_directory);

    /// <summary>The namespace that was kept, by somebody who still lives in it; null when it is gone.</summary>
    public SafeFileHandle? TryFindMember()
    {
        using SafeFileHandle? file = Files.TryOpenAt2(_directory, FileName, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_NO_SYMLINKS);

        // A record of the caller's own namespace is no record of cdock's: whoever wrote it, he is there already.
        return file is not null && Read(file) is (_, ulong space) && space != NumberOf("self", "user")
            ? Directory.EnumerateDirectories("/proc").Select(path => TryMember(Path.GetFileName(path), space)).FirstOrDefault(one => one is not null)
            : null;
    }

    /// <summary>The namespace that is kept has one id, and nobody lives in it but the keeper and who connects its network: whoever has got more ids since needs another.</summary>
    public bool IsOutgrown()
    {
        using SafeFileHandle? file = Files.TryOpenAt2(_directory, FileName, OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW, ResolveFlags.RESOLVE_NO_SYMLINKS);
        return file is not null && Read(file) is (int pid, ulong space)
            && TextOf(pid, "uid_map")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, "1\n"]
            && !Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit) && NumberOf(name, "user") == space)
                .Select(name => int.Parse(name, CultureInfo.InvariantCulture)).Any(one => one != pid && Lives(one));
    }

    /// <summary>A new record with its lock, for a new keeper to inherit. Nobody sees it before it is written: whoever dies meanwhile leaves a keeper that nobody asks.</summary>
    public SafeFileHandle Make()
    {
        Files.TryUnlinkAt(_directory, NewName);
        _file = Files.OpenAt(
            _directory, NewName, OpenFlags.O_RDWR | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOFOLLOW, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FileContents.Flock(_file);
        return _file;
    }

    /// <summary>Tells who keeps which namespaces.</summary>
    public void Write(int pid)
    {
        string process = pid.ToString(CultureInfo.InvariantCulture);
        string text = string.Create(CultureInfo.InvariantCulture, $"{process} {NumberOf(process, "user")} {NumberOf(process, "net")}\n");
        FileContents.WriteAll(_file!, Encoding.ASCII.GetBytes(text));
        Files.RenameAt2(_directory, NewName, _directory, FileName);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _directory.Dispose();
    }

    // The dead are in their namespace until somebody waits for them. proc_pid_stat(5): "7 (pasta) S 1".
    private static bool Lives(int pid)
        => TextOf(pid, "stat") is { } text && !ConnectsNetwork(text) && text.AsSpan(text.LastIndexOf(')')) is not [_, _, 'Z' or 'X', ..];

    // pasta(1), which ends when its network has, and by its names: as it is called, as it is installed, and what either becomes where the processor has AVX2.
    private static bool ConnectsNetwork(string stat)
        => stat.AsSpan(stat.IndexOf('(', StringComparison.Ordinal)..(stat.LastIndexOf(')') + 1)) is "(pasta)" or "(pasta.avx2)" or "(passt)" or "(passt.avx2)";

    // Null of who has ended.
    private static string? TextOf(int pid, string name)
    {
        try
        {
            return FileContents.ReadText(Descriptor.WorkingDirectory, string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}"), MapBytesMax);
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            return null;
        }
    }

    private static bool IsKept(SafeFileHandle file)
    {
        if (!FileContents.TryFlock(file, shared: true))
        {
            return true;
        }

        FileContents.Funlock(file);
        return false;
    }

    private static (int Pid, ulong Space)? Read(SafeFileHandle file)
    {
        Span<byte> text = stackalloc byte[TextBytesMax];
        string[] words = Encoding.ASCII.GetString(text[..FileContents.Read(file, text)]).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return words is [string pid, string space, _]
            && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out int process) && process > 0
            && ulong.TryParse(space, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? (process, number)
            : null;
    }

    // The dead have one too, until somebody waits for them; it is as good.
    private static SafeFileHandle? TryMember(string name, ulong number)
    {
        if (!name.All(char.IsAsciiDigit) || NumberOf(name, "user") != number)
        {
            return null;
        }

        SafeFileHandle? space = null;
        try
        {
            space = Files.Open($"/proc/{name}/ns/user", OpenFlags.O_RDONLY);
            if (FileStatuses.Statx(space).Inode == number)
            {
                return space;
            }
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENOENT or Errno.EACCES or Errno.ESRCH)
        {
            // It has ended meanwhile.
        }

        space?.Dispose();
        return null;
    }

    /// <summary>user:[4026531837]</summary>
    private static ulong? NumberOf(string process, string kind)
    {
        try
        {
            string text = Files.ReadLinkAt(Descriptor.WorkingDirectory, $"/proc/{process}/ns/{kind}");
            return ulong.Parse(text.AsSpan(text.IndexOf('[') + 1, text.Length - text.IndexOf('[') - 2), CultureInfo.InvariantCulture);
        }
        catch (LinuxException hidden) when (hidden.Errno is Errno.ENOENT or Errno.EACCES or Errno.ESRCH)
        {
            return null;
        }
    }
}
