using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>Reads out of a container's config.json what was mounted because somebody asked for it: there it is in force.</summary>
/// <param name="root">The engine's state directory.</param>
internal sealed class ContainerMounts(string root)
{
    private static readonly string[] Propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

    // What is the host's because a namespace is: nobody asked for the mount.
    private static readonly string[] HostsOwn = ["/sys", "/dev/mqueue", "/dev/shm"];

    private readonly string _volumes = VolumeStore.In(root) + "/";
    private readonly string _containers = Path.Join(root, "containers") + "/";

    public ImmutableArray<ContainerMount> Of(RuntimeConfig config) => [.. config.Mounts.Where(IsAskedFor).Select(Read)];

    private bool IsAskedFor(MountConfig mount)
        => (mount.Type == "bind" || mount.Options.Contains("bind") || mount.Options.Contains("rbind"))
            && mount.Source is string source && mount.Destination != InitProgram.PathInContainer
            && !source.StartsWith(_containers, StringComparison.Ordinal)
            && !(mount.Destination == source && HostsOwn.Contains(source));

    private ContainerMount Read(MountConfig mount)
    {
        string source = mount.Source!;
        string? volume = source.StartsWith(_volumes, StringComparison.Ordinal) ? source[_volumes.Length..].Split('/')[0] : null;
        return new ContainerMount
        {
            Type = volume is null ? "bind" : "volume",
            Name = volume,
            Source = source,
            Destination = mount.Destination,
            IsWritable = !mount.Options.Contains("ro"),
            Propagation = volume is null ? mount.Options.FirstOrDefault(Propagations.Contains) ?? "" : "",
        };
    }
}
