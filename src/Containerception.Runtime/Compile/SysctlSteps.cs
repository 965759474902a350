using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// linux.sysctl, through the host's /proc, which no image can have made: its files show this process's own namespaces. That the keys belong
/// to namespaces of the configuration was checked (CVE-2022-0811); that those which are joined are not the host's is asked here.
/// </summary>
internal static class SysctlSteps
{
    public static void Add(Compilation c, NamespacePlan namespaces)
    {
        foreach ((string key, string value) in c.Linux.Sysctl)
        {
            RefuseHosts(key, namespaces);
            c.Builder.Tell("sysctl", "set {0} to {1}", "linux.sysctl", key, value);

            // sysctl(8): the separator that comes first is the separator, and the other one stands for it in a name (net.ipv4.conf.eth0/1).
            int separator = key.AsSpan().IndexOfAny('.', '/');
            string path = separator >= 0 && key[separator] == '.' ? Swap(key) : key;
            NamespaceSteps.WriteProc(c, "sys/" + path, value);
        }
    }

    private static void RefuseHosts(string key, NamespacePlan namespaces)
    {
        string type = SysctlValidation.NamespaceOf(key)!;
        CloneFlags flag = NamespacePlan.TypeOf(type);
        if (!namespaces.Joins(flag))
        {
            return;
        }

        using SafeFileHandle joined = namespaces.OpenJoined(flag)!;
        using SafeFileHandle own = NamespacePlan.Open("/proc/self/ns/" + NamespacePlan.FileOf(flag));
        if (FileStatuses.Statx(joined).Inode == FileStatuses.Statx(own).Inode)
        {
            throw new ContainerException(
                FailureKind.Invalid, $"linux.sysctl.{key}: sysctl \"{key}\" not allowed in host {type} namespace", $"the {type} namespace that the container joins is the runtime's own: the sysctl would change the host");
        }
    }

    private static string Swap(string key) => string.Create(key.Length, key, (span, source) =>
    {
        for (int i = 0; i < source.Length; i++)
        {
            span[i] = source[i] switch
            {
                '.' => '/',
                '/' => '.',
                char other => other,
            };
        }
    });
}
