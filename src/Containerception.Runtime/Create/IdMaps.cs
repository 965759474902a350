using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Writes the id maps of a new user namespace: user_namespaces(7). A plain user who maps more than himself needs newuidmap(1).</summary>
internal static class IdMaps
{
    private const int SingleId = 1;

    public static void Write(int pid, LinuxConfig linux, bool privileged)
    {
        if (!privileged && IsOwn(linux.GidMappings, Credentials.EffectiveGid))
        {
            // Who may not change groups must say so before he may map his own: CVE-2014-8989.
            WriteFile(pid, "setgroups", "deny");
        }

        Map(pid, "uid_map", "newuidmap", linux.UidMappings, privileged || IsOwn(linux.UidMappings, Credentials.EffectiveUid));
        Map(pid, "gid_map", "newgidmap", linux.GidMappings, privileged || IsOwn(linux.GidMappings, Credentials.EffectiveGid));
    }

    private static void Map(int pid, string file, string tool, ImmutableArray<IdMapping> mappings, bool directly)
    {
        if (mappings.Length == 0)
        {
            return;
        }

        if (directly)
        {
            StringBuilder text = new();
            foreach (IdMapping mapping in mappings)
            {
                text.Append(CultureInfo.InvariantCulture, $"{mapping.ContainerId} {mapping.HostId} {mapping.Size}\n");
            }

            WriteFile(pid, file, text.ToString());
            return;
        }

        List<string> arguments = [tool, pid.ToString(CultureInfo.InvariantCulture)];
        foreach (IdMapping mapping in mappings)
        {
            arguments.Add(mapping.ContainerId.ToString(CultureInfo.InvariantCulture));
            arguments.Add(mapping.HostId.ToString(CultureInfo.InvariantCulture));
            arguments.Add(mapping.Size.ToString(CultureInfo.InvariantCulture));
        }

        (int status, string output) = Spawner.Run(FindTool(tool), arguments, [], input: null, timeout: null);
        if (status != 0)
        {
            throw new ContainerException(
                FailureKind.System, $"{tool} refused the id map (exit status {status}): {output.Trim()}", "the ids must be granted to this user in /etc/subuid and /etc/subgid");
        }
    }

    private static string FindTool(string tool)
    {
        foreach (string directory in (ReadOnlySpan<string>)["/usr/bin", "/bin", "/usr/local/bin"])
        {
            if (File.Exists(Path.Join(directory, tool)))
            {
                return Path.Join(directory, tool);
            }
        }

        throw new ContainerException(FailureKind.Unsupported, $"mapping more than the own id without root needs {tool}", "install Debian's package uidmap");
    }

    private static bool IsOwn(ImmutableArray<IdMapping> mappings, uint id)
        => mappings.Length == 1 && mappings[0].Size == SingleId && mappings[0].HostId == id;

    private static void WriteFile(int pid, string name, string text)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{name}");
        try
        {
            using SafeFileHandle file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC);
            FileContents.WriteAll(file, Encoding.ASCII.GetBytes(text));
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(
                FailureKind.System, $"write {path}: {LinuxException.Describe(failure.Errno)}", "the ids to map must be the caller's own, or the caller root", failure);
        }
    }
}
