using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>
/// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: files in the container's own directory, mounted over the root's, as docker has
/// it. The container may write them; one that is connected finds them written anew at each start, any other as they were.
/// </summary>
internal static class NetworkFiles
{
    private const string ResolvConfName = "resolv.conf";
    private const string HostnameName = "hostname";
    private const string HostsName = "hosts";
    private const int HostFileBytesMax = 1 << 20;
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string Hosts = """
        127.0.0.1	localhost
        ::1	localhost ip6-localhost ip6-loopback
        fe00::	ip6-localnet
        ff00::	ip6-mcastprefix
        ff02::1	ip6-allnodes
        ff02::2	ip6-allrouters

        """;

    /// <summary>Writes those that are not there, and says how they are mounted.</summary>
    /// <param name="directory">The container's own directory.</param>
    /// <param name="hostname">Its host name.</param>
    /// <param name="networking">What was asked for. Of one that is connected all is known at its start only.</param>
    /// <param name="isHosts">The network is the host's: what the host knows of it holds.</param>
    /// <param name="owner">Who root of the container is on the host.</param>
    public static ImmutableArray<MountConfig> Write(string directory, string hostname, NetworkingRequest networking, bool isHosts, uint owner) =>
    [
        Write(directory, ResolvConfName, networking.Networks.IsEmpty && networking.HasOwnFiles ? NameFiles.ResolvConf(networking) : FromHost("/etc/resolv.conf"), owner),
        Write(directory, HostnameName, hostname + "\n", owner),
        Write(
            directory, HostsName,
            (isHosts && FromHost("/etc/hosts") is { Length: > 0 } hosts ? hosts : Hosts) + (networking.Networks.IsEmpty ? NameFiles.Hosts(networking.AddHosts, isHosts ? "127.0.0.1" : null) : ""),
            owner),
    ];

    /// <summary>Those of a container whose network another one shares.</summary>
    public static ImmutableArray<MountConfig> Of(string directory)
        => [.. new[] { ResolvConfName, HostnameName, HostsName }.Where(name => File.Exists(Path.Join(directory, name))).Select(name => Mount(directory, name))];

    /// <summary>Writes anew what tells of networks; the files stay the same ones, since they may be mounted.</summary>
    /// <param name="directory">The container's own directory, where they are.</param>
    /// <param name="resolvConf">resolv.conf(5).</param>
    /// <param name="hosts">Lines of hosts(5) behind those that every container has.</param>
    public static void Rewrite(string directory, string resolvConf, string hosts)
    {
        Overwrite(Path.Join(directory, ResolvConfName), resolvConf);
        Overwrite(Path.Join(directory, HostsName), Hosts + hosts);
    }

    private static void Overwrite(string path, string text)
    {
        // A bundle's container has none of its own.
        if (File.Exists(path))
        {
            File.WriteAllText(path, text);
        }
    }

    private static MountConfig Write(string directory, string name, string text, uint owner)
    {
        string path = Path.Join(directory, name);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, text);
            Files.FchmodAt(Descriptor.WorkingDirectory, path, ForAll);
            Files.FchownAt(Descriptor.WorkingDirectory, path, owner, owner);
        }

        return Mount(directory, name);
    }

    private static MountConfig Mount(string directory, string name)
        => new() { Destination = "/etc/" + name, Type = "bind", Source = Path.Join(directory, name), Options = ["rbind", "rprivate"] };

    private static string FromHost(string path)
        => new FileInfo(path) is { Exists: true } file && (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file) is { Exists: true, Length: <= HostFileBytesMax }
            ? File.ReadAllText(path)
            : "";
}
