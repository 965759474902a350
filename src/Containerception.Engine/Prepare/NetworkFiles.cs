using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>
/// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container of an image: files in the container's own directory, mounted over the
/// image's, as docker has it. The container may write them; a container that starts again finds them as they were.
/// </summary>
internal static class NetworkFiles
{
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
    /// <param name="isHosts">The network is the host's: what the host knows of it holds.</param>
    /// <param name="owner">Who root of the container is on the host.</param>
    public static ImmutableArray<MountConfig> Write(string directory, string hostname, bool isHosts, uint owner) =>
    [
        Write(directory, "resolv.conf", FromHost("/etc/resolv.conf"), owner),
        Write(directory, "hostname", hostname + "\n", owner),
        Write(directory, "hosts", isHosts && FromHost("/etc/hosts") is { Length: > 0 } hosts ? hosts : Hosts, owner),
    ];

    private static MountConfig Write(string directory, string name, string text, uint owner)
    {
        string path = Path.Join(directory, name);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, text);
            Files.FchmodAt(Descriptor.WorkingDirectory, path, ForAll);
            Files.FchownAt(Descriptor.WorkingDirectory, path, owner, owner);
        }

        return new MountConfig { Destination = "/etc/" + name, Type = "bind", Source = path, Options = ["rbind", "rprivate"] };
    }

    private static string FromHost(string path)
        => new FileInfo(path) is { Exists: true } file && (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file) is { Exists: true, Length: <= HostFileBytesMax }
            ? File.ReadAllText(path)
            : "";
}
