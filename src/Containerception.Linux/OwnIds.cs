using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Ids that the caller's user namespace has.</summary>
/// <param name="First">The first of them, as the caller sees it.</param>
/// <param name="Outside">The same, as the namespace above sees it.</param>
/// <param name="Count">How many.</param>
public readonly record struct IdExtent(uint First, uint Outside, uint Count);

/// <summary>The users and groups that there are in the caller's user namespace: user_namespaces(7).</summary>
public static class OwnIds
{
    // 340 lines of three numbers.
    private const int BytesMax = 1 << 14;

    /// <summary>The users.</summary>
    public static ImmutableArray<IdExtent> Users { get; } = Read("uid_map");

    /// <summary>The groups.</summary>
    public static ImmutableArray<IdExtent> Groups { get; } = Read("gid_map");

    /// <summary>There is one user and one group: all that a plain user can map without anybody's leave. Then nobody may call setgroups(2), either.</summary>
    public static bool AreSingle { get; } = Users is [{ Count: 1 }] && Groups is [{ Count: 1 }];

    private static ImmutableArray<IdExtent> Read(string name)
    {
        using SafeFileHandle file = Files.Open("/proc/self/" + name, OpenFlags.O_RDONLY);
        string text = System.Text.Encoding.ASCII.GetString(FileContents.ReadAll(file, BytesMax));
        List<IdExtent> extents = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] numbers = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            extents.Add(new IdExtent(Number(numbers[0]), Number(numbers[1]), Number(numbers[2])));
        }

        return [.. extents];
    }

    private static uint Number(string text) => uint.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
