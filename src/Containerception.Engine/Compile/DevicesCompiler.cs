using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The device nodes of a container, and the rules on which of them may be used.</summary>
internal static class DevicesCompiler
{
    // What docker allows everybody: making any node, and using the ones that say nothing about the machine.
    private static readonly ImmutableArray<DeviceRule> DefaultRules =
    [
        new() { Allow = false, Access = "rwm" },
        new() { Allow = true, Type = "c", Access = "m" },
        new() { Allow = true, Type = "b", Access = "m" },
        Character(1, 3), Character(1, 5), Character(1, 7), Character(1, 8), Character(1, 9),
        Character(5, 0), Character(5, 1), Character(5, 2), Character(136, null),
    ];

    // Not devices of the machine but of one container: the runtime makes them anew.
    private static readonly string[] Made =
        ["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console", "/dev/fd", "/dev/ptmx", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

    public static (ImmutableArray<DeviceConfig> Nodes, ImmutableArray<DeviceRule> Rules) Compile(RunRequest request, LinuxConfig onto)
    {
        ImmutableArray<DeviceRule> rules = onto.Resources?.Devices is { IsEmpty: false } theirs ? theirs : DefaultRules;
        if (request.Privileged)
        {
            return ([.. onto.Devices, .. Below("/dev", "/dev").Select(one => one.Node)], [new DeviceRule { Allow = true, Access = "rwm" }]);
        }

        List<(DeviceConfig Node, DeviceRule Rule)> found = [];
        foreach (DeviceRequest device in request.Devices)
        {
            found.AddRange(Directory.Exists(device.PathOnHost)
                ? Below(device.PathOnHost, device.PathInContainer, device.Access)
                : [One(Machine.DeviceNode(device.PathOnHost, "--device"), device.PathInContainer, device.Access)]);
        }

        return ([.. onto.Devices, .. found.Select(one => one.Node)], [.. rules, .. found.Select(one => one.Rule), .. request.DeviceRules.Select(Rule)]);
    }

    private static IEnumerable<(DeviceConfig Node, DeviceRule Rule)> Below(string host, string inside, string access = "rwm")
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(host).Order(StringComparer.Ordinal))
        {
            FileStatus? status = FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.AT_SYMLINK_NOFOLLOW);
            string target = Path.Join(inside, Path.GetFileName(path));
            if (status is not FileStatus known || Made.Contains(path))
            {
                continue;
            }

            if (known.IsDirectory)
            {
                foreach ((DeviceConfig, DeviceRule) deeper in Below(path, target, access))
                {
                    yield return deeper;
                }
            }
            else if (known.Type is FileType.S_IFCHR or FileType.S_IFBLK)
            {
                yield return One(known, target, access);
            }
        }
    }

    private static (DeviceConfig Node, DeviceRule Rule) One(FileStatus node, string inside, string access)
    {
        string type = node.Type == FileType.S_IFBLK ? "b" : "c";
        (uint major, uint minor) = node.RepresentedDevice;
        return (
            new DeviceConfig
            {
                Path = inside,
                Type = type,
                Major = major,
                Minor = minor,
                FileMode = (uint)node.Permissions,
                Uid = node.Uid,
                Gid = node.Gid,
            },
            new DeviceRule { Allow = true, Type = type, Major = major, Minor = minor, Access = access });
    }

    private static DeviceRule Rule(DeviceNumbers one) => new() { Allow = true, Type = one.Type, Major = one.Major, Minor = one.Minor, Access = one.Access };

    private static DeviceRule Character(long major, long? minor)
        => new() { Allow = true, Type = "c", Major = major, Minor = minor, Access = "rwm" };
}
