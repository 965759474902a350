using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>To whom the container's own group is handed, so that a systemd in it can make groups: as runc does.</summary>
internal static class CgroupOwner
{
    /// <returns>The uid on the host; null where the container may not see its groups as its own, or not write there.</returns>
    public static uint? Of(RuntimeConfig config)
    {
        LinuxConfig linux = config.Linux ?? new();
        NamespacePlan namespaces = NamespacePlan.Of(linux);
        if (!namespaces.Makes(CloneFlags.CLONE_NEWCGROUP) || !HasWritableMount(config))
        {
            return null;
        }

        uint uid = config.Process!.User.Uid;
        if (!namespaces.Has(CloneFlags.CLONE_NEWUSER))
        {
            return uid;
        }

        foreach (IdMapping mapping in linux.UidMappings)
        {
            if (uid >= mapping.ContainerId && uid - mapping.ContainerId < mapping.Size)
            {
                return mapping.HostId + (uid - mapping.ContainerId);
            }
        }

        return null;
    }

    private static bool HasWritableMount(RuntimeConfig config)
    {
        foreach (MountConfig mount in config.Mounts)
        {
            if (mount.Type == "cgroup" && Compilation.Clean(mount.Destination) == "/sys/fs/cgroup" && !mount.Options.Contains("ro"))
            {
                return true;
            }
        }

        return false;
    }
}
