using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Engine;

// What stays read-only although the container's root may mount.
public sealed partial class ContainerEngine
{
    /// <summary>
    /// The mounts of a container of which those that are read-only are locked, where its root is root of this level and so owns the files: he could overwrite the
    /// engine that was brought in, which then runs here. Whoever may write there by another way needs no lock broken, and would find that way closed.
    /// </summary>
    private static ImmutableArray<MountRequest> Locking(RunRequest request, RuntimeProgram runtime)
    {
        if (!(UserRange.IsKept && request.Namespaces.OwnUser && runtime.IsSupervisor))
        {
            return request.Mounts;
        }

        string[] written = [.. request.Mounts.Where(mount => mount.Type == "bind" && !IsReadOnly(mount)).Select(mount => mount.Source!)];
        return
        [
            .. request.Mounts.Select(mount => IsReadOnly(mount) && !mount.Options.Contains(Mounts.Locked) && !written.Any(source => Overlap(source, mount.Source!))
                ? mount with { Options = mount.Options.Add(Mounts.Locked) } : mount),
        ];
    }

    private static bool IsReadOnly(MountRequest mount) => mount.Type == "bind" && mount.Options.Contains("ro");

    /// <summary>
    /// Makes read-only in our mounts what the container is given locked: the container's process takes it from its copy of these, in which the kernel has locked it. What
    /// this engine shows of its own is so already.
    /// </summary>
    private static RootPlan WithLocks(RootPlan root, ContainerDirectory directory, ContainerDefinition definition)
    {
        if (!(UserRange.IsKept && definition.Root.OwnUser))
        {
            return root;
        }

        string[] sources =
        [
            .. RuntimeConfig.Read(Path.Join(directory.Path, "config.json")).Mounts.Where(mount => mount.Options.Contains(Mounts.Locked)).Select(mount => mount.Source!)
                .Where(source => !Overlap(source, directory.Path)).Distinct(),
        ];
        return sources.Length == 0 ? root : root with
        {
            Steps =
            [
                .. WithPrivate(root.Steps),
                .. sources.Select(source => new PreparationStep(
                    $"lock {source} read-only", "root of the container may mount, and owns what root of this level owns", () => Mounts.LockReadOnly(source))),
            ],
        };
    }

    private static bool Overlap(string one, string other) => IsBelow(one, other) || IsBelow(other, one);

    private static bool IsBelow(string path, string directory) => (path + "/").StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);
}
