using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>Settings below /proc/sys/net, which are those of the thread's network namespace. See Documentation/networking/ip-sysctl.rst.</summary>
internal static class Sysctls
{
    private const string Root = "/proc/sys/net/";
    private const int BytesMax = 64;

    /// <summary>Whether this kernel speaks IPv6.</summary>
    public static bool HasIPv6 => Directory.Exists(Root + "ipv6/conf");

    /// <summary>What a setting is.</summary>
    public static string Get(string name) => FileContents.ReadText(Descriptor.WorkingDirectory, Root + name, BytesMax).TrimEnd('\n');

    /// <summary>Sets it, where it is not so already: /proc/sys may be read-only, and all be well.</summary>
    public static void Set(string name, string value)
    {
        if (Get(name) != value)
        {
            FileContents.WriteText(Descriptor.WorkingDirectory, Root + name, value);
        }
    }
}
