using System.Collections.Immutable;
using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>
/// What a volume with options is: a file system that is mounted where the volume's files would be, in each container's own mount namespace.
/// The options are those of docker's driver <c>local</c>: <c>type</c>, <c>device</c> and <c>o</c>, as mount(8) has them.
/// </summary>
internal sealed class VolumeMount(VolumeInfo volume)
{
    private static readonly string[] Known = ["type", "device", "o"];

    private static readonly Dictionary<string, MountFlags> Flags = new()
    {
        ["bind"] = MountFlags.MS_BIND,
        ["rbind"] = MountFlags.MS_BIND | MountFlags.MS_REC,
        ["ro"] = MountFlags.MS_RDONLY,
        ["rw"] = MountFlags.None,
        ["nosuid"] = MountFlags.MS_NOSUID,
        ["nodev"] = MountFlags.MS_NODEV,
        ["noexec"] = MountFlags.MS_NOEXEC,
        ["sync"] = MountFlags.MS_SYNCHRONOUS,
        ["dirsync"] = MountFlags.MS_DIRSYNC,
        ["noatime"] = MountFlags.MS_NOATIME,
        ["nodiratime"] = MountFlags.MS_NODIRATIME,
        ["relatime"] = MountFlags.MS_RELATIME,
        ["strictatime"] = MountFlags.MS_STRICTATIME,
    };

    /// <summary>It is memory: who comes while another has it gets the same.</summary>
    public bool IsMemory => volume.Options["type"] == "tmpfs";

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: options that make no file system.</exception>
    public static void Check(IReadOnlyDictionary<string, string> options)
    {
        foreach (string name in options.Keys)
        {
            if (!Known.Contains(name))
            {
                throw name == "size"
                    ? new EngineException(FailureKind.Unsupported, "--opt size: quotas are not supported", "of a tmpfs it is a mount option: --opt o=size=100m")
                    : EngineException.Invalid($"invalid option: \"{name}\"", "the driver local knows type, device and o");
            }
        }

        if (options.Count > 0 && Known[..2].FirstOrDefault(name => !options.ContainsKey(name)) is string missing)
        {
            throw EngineException.Invalid($"missing required option: \"{missing}\"", "use --opt type=… --opt device=… [--opt o=…]");
        }
    }

    public PreparationStep Step(Func<string?> takeFromAnother) => new(
        $"mount the volume {volume.Name}", "it was made with options: nothing of it is seen by the host, and it ends with its last container",
        () => takeFromAnother() ?? Mount());

    private string Mount()
    {
        (MountFlags flags, string data) = Words(volume.Options.GetValueOrDefault("o", ""));
        (string device, string type) = (volume.Options["device"], volume.Options["type"]);
        if (!flags.HasFlag(MountFlags.MS_BIND))
        {
            Mounting.Mount(device, volume.Mountpoint, type, flags, data);
            return $"mount(\"{device}\", \"{volume.Mountpoint}\", \"{type}\", {flags}, \"{data}\")";
        }

        // Of a bind the kernel takes only itself at first: mount(2).
        Mounting.Mount(device, volume.Mountpoint, null, flags & (MountFlags.MS_BIND | MountFlags.MS_REC));
        if ((flags & ~(MountFlags.MS_BIND | MountFlags.MS_REC)) != MountFlags.None)
        {
            Mounting.Mount(null, volume.Mountpoint, null, (flags & ~MountFlags.MS_REC) | MountFlags.MS_REMOUNT);
        }

        return $"mount(\"{device}\", \"{volume.Mountpoint}\", NULL, {flags})";
    }

    private static (MountFlags Flags, string Data) Words(string options)
    {
        MountFlags flags = MountFlags.None;
        List<string> data = [];
        foreach (string word in options.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Flags.TryGetValue(word, out MountFlags flag))
            {
                flags |= flag;
            }
            else
            {
                data.Add(word);
            }
        }

        return (flags, string.Join(',', data));
    }
}
