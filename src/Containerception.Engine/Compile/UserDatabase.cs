using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The users and groups that a root file system knows: its /etc/passwd and /etc/group.</summary>
internal sealed class UserDatabase(string passwd, string group)
{
    private const int FileBytesMax = 4 << 20;
    private const string WhatToUse = "names come from the container's own /etc/passwd and /etc/group; a number always works";

    /// <summary>Reads the files of a root; what is missing is empty. A link in it cannot lead outside (openat2's RESOLVE_IN_ROOT).</summary>
    public static UserDatabase Of(string root)
    {
        using SafeFileHandle directory = Files.Open(root, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY);
        return Of(directory);
    }

    /// <summary>The same of a root that is open.</summary>
    public static UserDatabase Of(SafeFileHandle root) => new(Read(root, "etc/passwd"), Read(root, "etc/group"));

    /// <summary>Finds <c>USER[:GROUP]</c>. All digits are an id, never a name (CVE-2016-3697).</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: no such name, or a number that is too large.</exception>
    public UserConfig Find(string text, IEnumerable<string> moreGroups)
    {
        string[] parts = text.Split(':');
        if (parts.Length > 2 || parts[0].Length == 0)
        {
            throw EngineException.Invalid($"--user {text}: invalid user", "use USER[:GROUP]");
        }

        string[]? entry = Entries(passwd, 4).FirstOrDefault(fields => IsNumber(parts[0]) ? fields[2] == parts[0] : fields[0] == parts[0]);
        uint uid = IsNumber(parts[0]) ? Id(parts[0], text)
            : entry is not null ? Id(entry[2], text)
            : throw EngineException.Invalid($"--user {text}: no user is called \"{parts[0]}\" there", WhatToUse);
        uint gid = parts.Length == 2 ? Group(parts[1]) : entry is not null ? Id(entry[3], text) : 0;

        // The groups that name the user count only while nobody chose a group. docker's rule.
        IEnumerable<uint> memberships = parts.Length == 1 && entry is not null
            ? Entries(group, 4).Where(fields => fields[3].Split(',').Contains(entry[0])).Select(fields => Id(fields[2], text))
            : [];
        uint[] asked = [.. moreGroups.Select(Group)];
        if (OwnIds.AreSingle && new[] { uid, gid }.Concat(asked).Any(id => id != 0))
        {
            throw new EngineException(
                FailureKind.Unsupported, $"{(uid == 0 && gid == 0 ? "--group-add" : $"--user {text}")}: containers have one user and one group here, which are 0", PlainUser.WhatItTakes());
        }

        return new UserConfig
        {
            Uid = uid,
            Gid = gid,

            // With the group itself: who lacks it among these could drop it, and pass where a group is kept out (CVE-2022-36109). Who has one may not set any.
            AdditionalGids = OwnIds.AreSingle ? [] : [.. memberships.Concat(asked).Prepend(gid).Distinct()],
        };
    }

    private uint Group(string name)
        => IsNumber(name) ? Id(name, name)
            : Entries(group, 3).FirstOrDefault(fields => fields[0] == name) is string[] entry ? Id(entry[2], name)
            : throw EngineException.Invalid($"no group is called \"{name}\" there", WhatToUse);

    private static IEnumerable<string[]> Entries(string text, int fieldsMin)
        => text.Split('\n').Select(line => line.Split(':')).Where(fields => fields.Length >= fieldsMin);

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    // Above 2^31 an id turns negative in programs that keep it in an int (CVE-2024-40635).
    private static uint Id(string digits, string text)
        => uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id <= int.MaxValue
            ? id
            : throw EngineException.Invalid($"{text}: the id {digits} is not between 0 and {int.MaxValue}");

    private static string Read(SafeFileHandle root, string path)
    {
        using SafeFileHandle? file = Files.TryOpenAt2(
            root, path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_NO_MAGICLINKS);
        return file is null || !FileStatuses.Statx(file).IsRegular
            ? ""
            : System.Text.Encoding.UTF8.GetString(FileContents.ReadAll(file, FileBytesMax));
    }
}
