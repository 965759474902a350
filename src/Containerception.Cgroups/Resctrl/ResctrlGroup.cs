using System.Collections.Immutable;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>A container's class of service, and its monitoring group if it has one.</summary>
/// <param name="Path">The class's directory.</param>
/// <param name="MonitorPath">The monitoring group's, which is the container's alone.</param>
/// <param name="IsOurs">The class was made for the container.</param>
public sealed record ResctrlGroup(string Path, string? MonitorPath, bool IsOurs)
{
    private const string Field = "linux.intelRdt";
    private const int BytesMax = 64 << 10;
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Makes what the container needs, or finds what is to be there. Nothing is left behind by a failure.</summary>
    /// <param name="root">Where resctrl is mounted.</param>
    /// <param name="config">What is asked for.</param>
    /// <param name="id">The container's.</param>
    /// <exception cref="CgroupException">The class does not exist, or says otherwise; the kernel refuses the schemata.</exception>
    public static ResctrlGroup Make(string root, IntelRdtConfig config, string id)
    {
        ImmutableArray<string> lines = config.Lines;
        string path = config.ClosId is "/" ? root : $"{root}/{config.ClosId ?? id}";
        ResctrlGroup group = new(path, MonitorPath: null, IsOurs: MakeClass(path, config, lines));
        try
        {
            if (lines.Length > 0)
            {
                group.Write(lines);
            }

            if (!config.EnableMonitoring)
            {
                return group;
            }

            ResctrlGroup monitored = group with { MonitorPath = $"{path}/mon_groups/{id}" };
            MakeDirectory(monitored.MonitorPath);
            return monitored;
        }
        catch
        {
            group.Remove();
            throw;
        }
    }

    /// <summary>The files to which a new process of the container writes "0", itself: the class's, then the monitoring group's, which is for members of the class.</summary>
    public ImmutableArray<SafeFileHandle> OpenTasks()
    {
        ImmutableArray<SafeFileHandle>.Builder tasks = ImmutableArray.CreateBuilder<SafeFileHandle>();
        try
        {
            tasks.Add(OpenTasks(Path));
            if (MonitorPath is not null)
            {
                tasks.Add(OpenTasks(MonitorPath));
            }

            return tasks.DrainToImmutable();
        }
        catch
        {
            foreach (SafeFileHandle opened in tasks)
            {
                opened.Dispose();
            }

            throw;
        }
    }

    /// <summary>Writes schemata, each line a kind. All are taken, or none.</summary>
    /// <exception cref="CgroupException">The kernel refuses them.</exception>
    public void Write(IReadOnlyList<string> lines)
    {
        using SafeFileHandle file = Files.Open(Path + "/schemata", OpenFlags.O_WRONLY | OpenFlags.O_TRUNC);
        try
        {
            FileContents.WriteAll(file, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
        }
        catch (LinuxException failure)
        {
            throw Refused("schemata", failure);
        }
    }

    /// <summary>The schemata as they are.</summary>
    public string Read() => Read(Path + "/schemata") ?? "";

    /// <summary>Takes away what was made: the monitoring group, and the class unless others have joined it.</summary>
    public void Remove()
    {
        if (MonitorPath is not null)
        {
            RemoveDirectory(MonitorPath);
        }

        if (IsOurs && string.IsNullOrWhiteSpace(Read(Path + "/tasks")))
        {
            RemoveDirectory(Path);
        }
    }

    internal static string? Read(string path)
    {
        using SafeFileHandle? file = Files.TryOpenAt2(Descriptor.WorkingDirectory, path, OpenFlags.O_RDONLY, ResolveFlags.RESOLVE_NO_SYMLINKS);
        return file is null ? null : Encoding.UTF8.GetString(FileContents.ReadAll(file, BytesMax));
    }

    private static SafeFileHandle OpenTasks(string directory) => Files.Open(directory + "/tasks", OpenFlags.O_WRONLY);

    /// <returns>Whether it was not there before.</returns>
    private static bool MakeClass(string path, IntelRdtConfig config, ImmutableArray<string> lines)
    {
        string? present = Read(path + "/schemata");
        if (config.ClosId is null)
        {
            // A class of this name is what an earlier container of this id has left.
            MakeDirectory(path);
            return true;
        }

        if (present is null && lines.IsEmpty)
        {
            throw new CgroupException($"{Field}.closID: there is no class {path}", "without a schema the class must be there already; with one it is made");
        }

        if (present is null)
        {
            MakeDirectory(path);
            return true;
        }

        return lines.IsEmpty || Schemata.Holds(present, lines)
            ? false
            : throw new CgroupException($"{Field}: the class {path} is there, with another schema: {present.Trim().ReplaceLineEndings(", ")}",
                "leave the schema out to join it as it is, or choose another closID");
    }

    private static void MakeDirectory(string path)
    {
        try
        {
            Files.TryMkdirAt(Descriptor.WorkingDirectory, path, DirectoryMode);
        }
        catch (LinuxException failure)
        {
            throw new CgroupException($"{Field}: {failure.Message}",
                failure.Errno == Errno.ENOSPC ? "the processor has no more classes or monitors: see num_closids and num_rmids in resctrl's info directory" : null, failure);
        }
    }

    private static void RemoveDirectory(string path)
    {
        try
        {
            Files.TryUnlinkAt(Descriptor.WorkingDirectory, path, AtFlags.AT_REMOVEDIR);
        }
        catch (LinuxException failure)
        {
            throw new CgroupException($"{Field}: {failure.Message}", cause: failure);
        }
    }

    // The kernel has words for what was wrong, in a file.
    private CgroupException Refused(string what, LinuxException failure)
    {
        string root = Path[..Path.LastIndexOf('/')];
        string? status = (Read(root + "/info/last_cmd_status") ?? Read(Path + "/info/last_cmd_status"))?.Trim();
        return new CgroupException($"{Field}.{what}: {failure.Message}", string.IsNullOrEmpty(status) ? null : $"the kernel says: {status}", failure);
    }
}
