using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>annotations</c>: those that are known and cannot be done. All others are only kept.</summary>
internal static class AnnotationValidation
{
    public static void Check(ImmutableSortedDictionary<string, string> annotations)
    {
        Refuse(annotations, RuntimeAnnotations.Handler, "ception runs programs by the kernel alone");
        Refuse(annotations, RuntimeAnnotations.SeccompPlugins, "ception loads no shared objects; run.oci.seccomp.receiver names a listener that is a process");
        Refuse(annotations, RuntimeAnnotations.DelegateCgroup, "a container with a cgroup namespace and a writable mount divides its own group");
        Refuse(annotations, RuntimeAnnotations.ForceCgroupV1, "ception mounts no control groups on the host");
        if (annotations.TryGetValue(RuntimeAnnotations.InnerCgroup, out string? inner) && (inner is "" or "." or ".." || inner.Contains('/', StringComparison.Ordinal)))
        {
            throw new ConfigException("annotations." + RuntimeAnnotations.InnerCgroup, $"{Require.Quote(inner)} is not the name of one group");
        }

        foreach (string name in (ReadOnlySpan<string>)[RuntimeAnnotations.PidfdReceiver, RuntimeAnnotations.SeccompReceiver])
        {
            if (annotations.TryGetValue(name, out string? path))
            {
                Require.Absolute(path, "annotations." + name);
            }
        }
    }

    private static void Refuse(ImmutableSortedDictionary<string, string> annotations, string name, string reason)
    {
        if (annotations.TryGetValue(name, out string? value) && value.Length > 0)
        {
            throw new ConfigException("annotations." + name, $"{Require.Quote(value)} is not supported: {reason}");
        }
    }
}
