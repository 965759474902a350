namespace Containerception.Oci;

/// <summary><c>linux.netDevices</c>: names that the kernel would take. runtime-spec, config-linux.md, "Network Devices".</summary>
internal static class NetDeviceValidation
{
    // IFNAMSIZ of linux/if.h, without the NUL.
    private const int NameLengthMax = 15;

    public static void Check(LinuxConfig linux)
    {
        Require.That(linux.NetDevices.IsEmpty || linux.Has("network"), "linux.netDevices", $"needs a network namespace in linux.namespaces to move them to");
        HashSet<string> names = [];
        foreach ((string host, NetDeviceConfig device) in linux.NetDevices)
        {
            string field = $"linux.netDevices.{host}";
            Require.That(IsName(host), "linux.netDevices", $"{Require.Quote(host)} is not the name of a network interface");
            string name = device.Name ?? host;

            // Of a template the kernel makes names of its own.
            bool template = name.EndsWith("%d", StringComparison.Ordinal);
            Require.That(IsName(template ? name[..^2] + "0" : name), $"{field}.name", $"{Require.Quote(name)} is not the name of a network interface");
            Require.That(template || names.Add(name), $"{field}.name", $"{Require.Quote(name)} is given to two devices");
        }
    }

    private static bool IsName(string name)
    {
        bool good = name.Length is > 0 and <= NameLengthMax && name is not ("." or "..");
        foreach (char letter in name)
        {
            good &= letter is > ' ' and < (char)127 and not ('/' or ':' or '%');
        }

        return good;
    }
}
