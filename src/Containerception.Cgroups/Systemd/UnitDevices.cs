using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>Version 1's device list as DeviceAllow, so that a reload of systemd does not open what was closed. systemd.resource-control(5).</summary>
internal static class UnitDevices
{
    private const int BytesMax = 1 << 20;

    /// <param name="rules">Lines of devices.allow: <c>c 1:3 rwm</c>, <c>b *:* m</c>.</param>
    public static DBusValue Of(IReadOnlyList<string> rules)
    {
        List<DBusValue> allowed = [];
        foreach (string rule in rules)
        {
            string[] words = rule.Split(' ', ':');
            if (NameOf(words[0] == "b" ? "block" : "char", words[1], words[2]) is { } name)
            {
                allowed.Add(DBusValue.Struct(name, words[3]));
            }
        }

        return DBusValue.Array("(ss)", allowed);
    }

    /// <summary>null for what systemd has no words for: a minor of every major, or a major that no driver has. It stays closed after a reload.</summary>
    private static string? NameOf(string kind, string major, string minor) => (major, minor) switch
    {
        ("*", "*") => $"{kind}-*",
        ("*", _) => null,
        (_, "*") => DriverOf(kind, major) is { } driver ? $"{kind}-{driver}" : null,
        _ => $"/dev/{kind}/{major}:{minor}",
    };

    // Two lists with a headline each, of lines like "136 pts".
    private static string? DriverOf(string kind, string major)
    {
        bool isOurs = false;
        foreach (string line in FileContents.ReadText(Descriptor.WorkingDirectory, "/proc/devices", BytesMax).Split('\n'))
        {
            if (line.EndsWith(':'))
            {
                isOurs = line.StartsWith(kind, StringComparison.OrdinalIgnoreCase);
            }
            else if (isOurs && line.Trim().Split(' ', 2) is [string number, string driver] && number == major)
            {
                return driver;
            }
        }

        return null;
    }
}
