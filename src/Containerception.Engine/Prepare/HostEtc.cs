using System.Globalization;
using System.Text;
using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>The /etc of the image <c>host</c>: made up where the host's has secrets, copied where programs need the host's settings.</summary>
internal sealed class HostEtc
{
    private const int FileBytesMax = 1 << 20;
    private const int SystemIdMax = 999;
    private const int NobodyId = 65534;

    // Settings that say nothing about people or keys.
    private static readonly string[] Copied =
    [
        "bash.bashrc", "debian_version", "host.conf", "inputrc", "ld.so.cache", "ld.so.conf", "locale.conf", "localtime", "mime.types",
        "nsswitch.conf", "os-release", "profile", "protocols", "redhat-release", "resolv.conf", "services", "shells", "ssl/openssl.cnf",
        "timezone",
    ];

    private readonly string _directory;
    private readonly string _passwd = SystemUsers();
    private readonly string _group = SystemGroups();

    public HostEtc(string directory)
    {
        _directory = directory;
        Users = new UserDatabase(_passwd, _group);
    }

    /// <summary>Directories that are shown as they are: links to programs, and certificates that everybody may read.</summary>
    public static string[] Shared { get; } = ["/etc/alternatives", "/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/ca-certificates"];

    public UserDatabase Users { get; }

    public void Write()
    {
        Write("passwd", _passwd);
        Write("group", _group);
        Write("hostname", ConfigCompiler.HostnameDefault + "\n");
        Write("hosts", $"127.0.0.1\tlocalhost\n127.0.1.1\t{ConfigCompiler.HostnameDefault}\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        foreach (string name in Copied)
        {
            Copy(name);
        }

        CopyAll("ld.so.conf.d");
    }

    // Names and ids only: no password field, no comment, no home, no shell. All users of the kind that programs run as.
    private static string SystemUsers()
    {
        StringBuilder text = new("root:x:0:0:root:/:/bin/sh\n");
        foreach (string[] entry in Entries("/etc/passwd", 4))
        {
            if (IsSystem(entry[2]))
            {
                text.Append(CultureInfo.InvariantCulture, $"{entry[0]}:x:{entry[2]}:{entry[3]}::/nonexistent:/usr/sbin/nologin\n");
            }
        }

        return text.Append(CultureInfo.InvariantCulture, $"nobody:x:{NobodyId}:{NobodyId}:nobody:/nonexistent:/usr/sbin/nologin\n").ToString();
    }

    private static string SystemGroups()
    {
        StringBuilder text = new("root:x:0:\n");
        foreach (string[] entry in Entries("/etc/group", 3))
        {
            if (IsSystem(entry[2]))
            {
                text.Append(CultureInfo.InvariantCulture, $"{entry[0]}:x:{entry[2]}:\n");
            }
        }

        return text.Append(CultureInfo.InvariantCulture, $"nogroup:x:{NobodyId}:\n").ToString();
    }

    private static IEnumerable<string[]> Entries(string path, int fieldsMin)
        => File.Exists(path) ? File.ReadLines(path).Select(line => line.Split(':')).Where(fields => fields.Length >= fieldsMin) : [];

    private static bool IsSystem(string id)
        => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= SystemIdMax;

    private void Write(string name, string text) => File.WriteAllText(Path.Join(_directory, name), text);

    // A link within /etc or /usr stays a link; one that leads elsewhere (resolv.conf to /run) becomes the file.
    private void Copy(string name)
    {
        FileInfo file = new(Path.Join("/etc", name));
        string place = Path.Join(_directory, name);
        if (file.LinkTarget is string link && Path.GetFullPath(link, "/etc").StartsWith("/usr/", StringComparison.Ordinal))
        {
            Files.SymlinkAt(link, Descriptor.WorkingDirectory, place);
            return;
        }

        if (File.Exists(file.FullName) && (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length <= FileBytesMax)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.WriteAllBytes(place, File.ReadAllBytes(file.FullName));
        }
    }

    private void CopyAll(string name)
    {
        string directory = Path.Join("/etc", name);
        foreach (string path in Directory.Exists(directory) ? Directory.EnumerateFiles(directory) : [])
        {
            Copy(Path.Join(name, Path.GetFileName(path)));
        }
    }
}
