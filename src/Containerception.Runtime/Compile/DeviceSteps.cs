using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>/dev: the devices every container has, those of the configuration, and the links. runtime-spec, config-linux.md, "Default Devices".</summary>
internal static class DeviceSteps
{
    private const uint DefaultMode = 0x1B6; // 0666
    private const uint Permissions = 0xFFF; // podman says the type in fileMode too, as stat(2) does.
    private const int S_IFCHR = 0x2000;
    private const int S_IFBLK = 0x6000;
    private const int S_IFIFO = 0x1000;
    private const string NameKey = "DEVNAME=";

    private static readonly ImmutableArray<(string Name, long Minor, long Major)> Defaults =
        [("null", 3, 1), ("zero", 5, 1), ("full", 7, 1), ("random", 8, 1), ("urandom", 9, 1), ("tty", 0, 5)];

    private static readonly ImmutableArray<(string Link, string Text)> Links =
        [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")];

    /// <summary>Nothing is made in a /dev that is bound from the host: it is the host's.</summary>
    public static bool Wanted(RuntimeConfig config) => !config.Mounts.Any(
        mount => Compilation.Clean(mount.Destination) == "/dev" && MountOptions.Parse(mount).Bind);

    public static void Add(Compilation c, bool bindFromHost)
    {
        ProgramBuilder b = c.Builder;
        b.Tell("dev", "open /dev", "the directory is resolved once, inside the root: an image may have a link there (CVE-2026-41579)");
        Slot dev = c.OpenTarget("/dev", directory: true);
        List<DeviceConfig> devices = [.. c.Linux.Devices];
        foreach ((string name, long minor, long major) in Defaults)
        {
            if (!devices.Exists(device => Compilation.Clean(device.Path) == "/dev/" + name))
            {
                devices.Add(new DeviceConfig { Path = "/dev/" + name, Type = "c", Major = major, Minor = minor, FileMode = DefaultMode, Uid = 0, Gid = 0 });
            }
        }

        foreach (DeviceConfig device in devices)
        {
            string path = Compilation.Clean(device.Path);
            b.Tell("device", "make the device {0}", "programs expect it; the control group says who may open it", path);
            if (bindFromHost && device.Type != "p")
            {
                Bind(c, HostPath(device, path), path);
            }
            else
            {
                Make(c, dev, device, path);
            }
        }

        b.Tell("dev-links", "link /dev/fd, /dev/stdin, /dev/stdout, /dev/stderr and /dev/ptmx", "runtime-spec, \"Dev symbolic links\"");
        foreach ((string link, string text) in Links)
        {
            b.Call(SyscallNumbers.SYS_symlinkat, b.Text(text), dev, b.Text(link)).Unless(Errno.EEXIST, Errno.EROFS);
        }

        if (File.Exists("/proc/kcore"))
        {
            b.Call(SyscallNumbers.SYS_symlinkat, b.Text("/proc/kcore"), dev, b.Text("core")).Unless(Errno.EEXIST, Errno.EROFS);
        }

        b.Call(SyscallNumbers.SYS_unlinkat, dev, b.Text("ptmx"), 0).Unless(Errno.ENOENT, Errno.EROFS, Errno.EBUSY);
        b.Call(SyscallNumbers.SYS_symlinkat, b.Text("pts/ptmx"), dev, b.Text("ptmx")).Unless(Errno.EEXIST, Errno.EROFS);
        b.Close(dev);
    }

    private static void Make(Compilation c, Slot dev, DeviceConfig device, string path)
    {
        ProgramBuilder b = c.Builder;
        string directory = Path.GetDirectoryName(path)!;
        Slot parent = directory == "/dev" ? dev : c.OpenTarget(directory, directory: true);
        Arg name = b.Text(Path.GetFileName(path));
        int type = device.Type switch
        {
            "b" => S_IFBLK,
            "p" => S_IFIFO,
            _ => S_IFCHR,
        };
        ulong number = device.Type == "p" ? 0 : new DeviceNumber((uint)device.Major, (uint)device.Minor).ToKernel();
        b.Call(SyscallNumbers.SYS_mknodat, parent, name, (uint)type | ((device.FileMode ?? DefaultMode) & Permissions), number).Unless(Errno.EEXIST);
        if (device.Uid is > 0 || device.Gid is > 0)
        {
            b.Call(SyscallNumbers.SYS_fchownat, parent, name, device.Uid ?? 0, device.Gid ?? 0, (int)AtFlags.AT_SYMLINK_NOFOLLOW);
        }

        if (directory != "/dev")
        {
            b.Close(parent);
        }
    }

    /// <summary>A user namespace may not make devices: the host's are bound.</summary>
    private static void Bind(Compilation c, string source, string path)
    {
        Slot target = c.OpenTarget(path, directory: false);
        Slot tree = c.Builder.Take(
            SyscallNumbers.SYS_open_tree, -100, c.Builder.Text(source), (uint)(OpenTreeFlags.OPEN_TREE_CLONE | OpenTreeFlags.OPEN_TREE_CLOEXEC));
        c.Attach(tree, target);
    }

    /// <summary>Where the host has the device: under the same name, or the one that the kernel gives it. What else has the name is not it.</summary>
    private static string HostPath(DeviceConfig device, string path)
    {
        DeviceNumber number = new((uint)device.Major, (uint)device.Minor);
        FileType type = device.Type == "b" ? FileType.S_IFBLK : FileType.S_IFCHR;
        if (Is(path))
        {
            return path;
        }

        // Documentation/ABI/stable/sysfs-dev: the name below /dev is in the device's uevent.
        string events = $"/sys/dev/{(type == FileType.S_IFBLK ? "block" : "char")}/{number}/uevent";
        string? name = File.Exists(events) ? File.ReadLines(events).FirstOrDefault(line => line.StartsWith(NameKey, StringComparison.Ordinal))?[NameKey.Length..] : null;
        return name is not null && Is("/dev/" + name)
            ? "/dev/" + name
            : throw new ContainerException(
                FailureKind.Unsupported, $"linux.devices: {path}: the host has no device {device.Type} {number} that could be bound",
                "a user namespace makes no devices: the host's own are bound, by the same path or the one that the kernel gives them");

        bool Is(string candidate) => FileStatuses.TryStatx(Descriptor.WorkingDirectory, candidate, AtFlags.None) is { } status
            && status.Type == type && status.RepresentedDevice == number;
    }
}
