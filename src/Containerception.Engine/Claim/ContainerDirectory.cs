using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// The directory of one container, and the lock on it. Its supervisor holds the lock; the kernel takes it away when they die,
/// however they die, so nobody runs what can be locked.
/// </summary>
internal sealed class ContainerDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // A supervisor that has said how its program ended has little left to do.
    private static readonly TimeSpan EndingMax = TimeSpan.FromSeconds(5);

    private readonly SafeFileHandle _lock;

    private ContainerDirectory(string path, SafeFileHandle held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <summary>The open file that has the lock: whoever inherits it, has the lock too.</summary>
    public SafeFileHandle Lock => _lock;

    public string Id => System.IO.Path.GetFileName(Path);

    public string RuntimeLog => System.IO.Path.Join(Path, "runtime.log");

    /// <summary>Makes the directory, locked before anybody can see it.</summary>
    public static ContainerDirectory Make(string containers, string id)
    {
        string hidden = System.IO.Path.Join(containers, "." + id);
        Directory.CreateDirectory(hidden, OwnerOnly);
        SafeFileHandle held = Files.Open(hidden, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        FileContents.Flock(held);
        Directory.CreateDirectory(System.IO.Path.Join(hidden, RootPlanner.RootName));
        string path = System.IO.Path.Join(containers, id);
        Directory.Move(hidden, path);
        return new ContainerDirectory(path, held);
    }

    /// <summary>Locks the directory of a container that is about to end; null when it is gone, or runs once more, or nobody lets go of it.</summary>
    public static ContainerDirectory? TakeEnding(string path)
    {
        // Waiting in flock(2) would be waiting for the end of whoever starts it meanwhile.
        for (TimeSpan pause = TimeSpan.FromMilliseconds(1), waited = TimeSpan.Zero; ; waited += pause, pause *= 1.5)
        {
            ContainerDirectory? taken = TryTake(path);
            if (taken is not null || waited > EndingMax || !Directory.Exists(path) || StatusReport.TryRead(path) is { State: "running" or "paused" or "restarting" })
            {
                return taken;
            }

            Thread.Sleep(pause);
        }
    }

    /// <summary>Locks a directory that nobody runs; null when somebody does, or it is gone.</summary>
    public static ContainerDirectory? TryTake(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            if (!FileContents.TryFlock(handle))
            {
                handle.Dispose();
                return null;
            }
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            handle?.Dispose();
            return null;
        }

        // Between open and lock its owner may have removed it.
        if (!Directory.Exists(path))
        {
            handle.Dispose();
            return null;
        }

        return new ContainerDirectory(path, handle);
    }

    /// <summary>Whether somebody has the lock: its supervisor, or for a moment a cdock.</summary>
    public static bool IsTaken(string path)
    {
        try
        {
            using SafeFileHandle handle = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            return !FileContents.TryFlock(handle, shared: true);
        }
        catch (LinuxException gone) when (gone.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>A supervisor was there, and has not left as it should: it lives, or was killed.</summary>
    public static bool HasPlan(string path)
        => FileStatuses.TryStatx(Descriptor.WorkingDirectory, System.IO.Path.Join(path, SupervisePlan.FileName), AtFlags.AT_SYMLINK_NOFOLLOW) is not null;

    public void WritePlan(SupervisePlan plan) => WriteForOwner(PlanPath, plan.ToJson());

    public void RemovePlan() => File.Delete(PlanPath);

    public void WriteConfig(byte[] config) => WriteForOwner(System.IO.Path.Join(Path, "config.json"), config);

    /// <summary>Removes everything; the lock stays until this is disposed.</summary>
    public void Remove() => FileTrees.Remove(Path);

    public void Dispose() => _lock.Dispose();

    private static void WriteForOwner(string path, byte[] content)
    {
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(content);
    }

    private string PlanPath => System.IO.Path.Join(Path, SupervisePlan.FileName);
}
