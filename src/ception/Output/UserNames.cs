using System.Globalization;

namespace Containerception.Cli;

/// <summary>The names in the host's /etc/passwd. No NSS: a static program has none.</summary>
internal sealed class UserNames
{
    private const int LinesMax = 100_000;

    private readonly Dictionary<uint, string> _names = [];

    public static UserNames Read(string path = "/etc/passwd")
        => File.Exists(path) ? Parse(File.ReadLines(path).Take(LinesMax)) : new UserNames();

    public static UserNames Parse(IEnumerable<string> lines)
    {
        UserNames users = new();
        foreach (string line in lines)
        {
            if (line.Split(':') is [string name, _, string uid, ..] && uint.TryParse(uid, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            {
                users._names.TryAdd(number, name);
            }
        }

        return users;
    }

    /// <summary>The name, or <c>#1000</c> for a number without one.</summary>
    public string NameOf(uint uid) => Find(uid) ?? string.Create(CultureInfo.InvariantCulture, $"#{uid}");

    public string? Find(uint uid) => _names.GetValueOrDefault(uid);
}
