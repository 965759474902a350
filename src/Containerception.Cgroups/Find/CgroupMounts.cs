using System.Collections.Immutable;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>The control group mounts of /proc/self/mountinfo. proc_pid_mountinfo(5).</summary>
internal static class CgroupMounts
{
    // A mount is about 150 bytes; the kernel allows 100,000 of them.
    private const int TableBytesMax = 32 << 20;

    private const string UsualParent = "/sys/fs/cgroup/";

    public static ImmutableArray<CgroupHierarchy> Read()
    {
        using SafeFileHandle table = Files.Open("/proc/self/mountinfo", OpenFlags.O_RDONLY);
        return Parse(FileContents.ReadAll(table, TableBytesMax));
    }

    /// <summary>Every tree once: a tree can be mounted in many places, and the one below /sys/fs/cgroup is the one that others use too.</summary>
    public static ImmutableArray<CgroupHierarchy> Parse(ReadOnlySpan<byte> table)
    {
        ImmutableArray<CgroupHierarchy>.Builder found = ImmutableArray.CreateBuilder<CgroupHierarchy>();
        foreach (Range range in table.Split((byte)'\n'))
        {
            if (ParseLine(table[range]) is { } mount)
            {
                Add(found, mount);
            }
        }

        return found.DrainToImmutable();
    }

    private static void Add(ImmutableArray<CgroupHierarchy>.Builder found, CgroupHierarchy mount)
    {
        for (int index = 0; index < found.Count; index++)
        {
            if (!found[index].Controllers.SequenceEqual(mount.Controllers))
            {
                continue;
            }

            if (!IsUsual(found[index]) && IsUsual(mount))
            {
                found[index] = mount;
            }

            return;
        }

        found.Add(mount);
    }

    private static bool IsUsual(CgroupHierarchy mount) => mount.MountPoint.StartsWith(UsualParent, StringComparison.Ordinal);

    // 30 23 0:26 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
    // |  |  |    | |                  |           |          |      |      super block's options
    // 0  1  2    3 4                  5           6…         after the lone dash: type, source
    private static CgroupHierarchy? ParseLine(ReadOnlySpan<byte> line)
    {
        int dash = line.IndexOf(" - cgroup"u8);
        if (dash < 0)
        {
            return null;
        }

        ReadOnlySpan<byte> end = line[(dash + " - ".Length)..];
        bool unified = end.StartsWith("cgroup2 "u8);
        if (!unified && !end.StartsWith("cgroup "u8))
        {
            return null;
        }

        string root = Unescape(Field(line, 3));
        string point = Unescape(Field(line, 4));
        ImmutableArray<string> controllers = unified ? [CgroupHierarchy.UnifiedName] : ParseControllers(Encoding.UTF8.GetString(Field(end, 2)));
        return controllers.Length > 0 ? new(point, root, controllers) : null;
    }

    private static ImmutableArray<string> ParseControllers(string options)
    {
        ImmutableArray<string>.Builder controllers = ImmutableArray.CreateBuilder<string>();
        foreach (string option in options.Split(','))
        {
            // What is left after the options that are none: kernel/cgroup/cgroup-v1.c, cgroup1_show_options.
            if (option is not ("rw" or "ro" or "noprefix" or "clone_children" or "xattr" or "cpuset_v2_mode" or "favordynmods" or "nofavordynmods")
                && !option.StartsWith("release_agent=", StringComparison.Ordinal))
            {
                controllers.Add(option);
            }
        }

        return controllers.DrainToImmutable();
    }

    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int index)
    {
        for (int skipped = 0; skipped < index; skipped++)
        {
            line = line[(line.IndexOf((byte)' ') + 1)..];
        }

        int end = line.IndexOf((byte)' ');
        return end < 0 ? line : line[..end];
    }

    // Space, tab, newline and backslash come as \ooo.
    private static string Unescape(ReadOnlySpan<byte> field)
    {
        if (!field.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(field);
        }

        List<byte> bytes = [];
        for (int index = 0; index < field.Length; index++)
        {
            if (field[index] == '\\' && index + 3 < field.Length)
            {
                bytes.Add((byte)(((field[index + 1] - '0') << 6) | ((field[index + 2] - '0') << 3) | (field[index + 3] - '0')));
                index += 3;
            }
            else
            {
                bytes.Add(field[index]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
