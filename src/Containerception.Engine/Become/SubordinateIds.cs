using System.Globalization;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The ids that subuid(5) and subgid(5) grant to the caller, as <c>first:count</c> with commas between them.</summary>
internal sealed record SubordinateIds(string Uids, string Gids)
{
    // user_namespaces(7): a map has 340 lines at the most, and one is the user's own id.
    private const int RangesMax = 339;

    private const int FileBytesMax = 1 << 20;

    // Where ception looks for them. A set-user-id program is not taken from PATH.
    private static readonly string[] MapperDirectories = ["/usr/bin", "/bin", "/usr/local/bin"];

    /// <summary>None, and so the user's own id alone.</summary>
    private static readonly SubordinateIds None = new("", "");

    /// <summary>None where nobody may map them, or one kind is missing.</summary>
    public static SubordinateIds Find()
    {
        if (MapperOf("newuidmap") is null || MapperOf("newgidmap") is null)
        {
            return None;
        }

        string[] names = Names();
        string uids = Granted("/etc/subuid", names);
        string gids = uids.Length > 0 ? Granted("/etc/subgid", names) : "";
        return gids.Length > 0 ? new SubordinateIds(uids, gids) : None;
    }

    /// <summary>newuidmap(1) or newgidmap(1); null where it is not installed.</summary>
    public static string? MapperOf(string name)
        => MapperDirectories.Select(directory => Programs.Find(Path.Join(directory, name))).FirstOrDefault(path => path is not null);

    // By number and by every name that he has: who is right is newuidmap's to say.
    private static string[] Names()
    {
        string uid = Credentials.EffectiveUid.ToString(CultureInfo.InvariantCulture);
        IEnumerable<string> named = Lines("/etc/passwd").Where(fields => fields.Length > 2 && fields[2] == uid).Select(fields => fields[0]);
        string?[] said = [Environment.GetEnvironmentVariable("USER"), Environment.GetEnvironmentVariable("LOGNAME")];
        string[] known = [.. named];
        return [uid, .. known.Length > 0 ? known : said.OfType<string>()];
    }

    private static string Granted(string path, string[] names)
        => string.Join(',', Lines(path)
            .Where(fields => fields.Length == 3 && names.Contains(fields[0]) && IsRange(fields[1], fields[2]))
            .Select(fields => $"{fields[1]}:{fields[2]}").Distinct().Take(RangesMax));

    private static bool IsRange(string first, string count)
        => uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out uint start)
            && uint.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out uint size)
            && size > 0 && start <= uint.MaxValue - size;

    private static IEnumerable<string[]> Lines(string path)
    {
        if (FileStatuses.TryStatx(Descriptor.WorkingDirectory, path, AtFlags.None) is null)
        {
            return [];
        }

        using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY);
        return Encoding.UTF8.GetString(FileContents.ReadAll(file, FileBytesMax)).Split('\n').Select(line => line.TrimEnd().Split(':'));
    }
}
