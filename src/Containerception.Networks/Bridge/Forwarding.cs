namespace Containerception.Networks;

/// <summary>Makes a machine a router: without it no packet leaves a bridge.</summary>
internal static class Forwarding
{
    private const string Interfaces = "/proc/sys/net/ipv6/conf";

    public static void Enable(bool forIPv6)
    {
        Sysctls.Set("ipv4/ip_forward", "1");
        if (forIPv6 && Sysctls.Get("ipv6/conf/all/forwarding") != "1")
        {
            KeepRouters();
            Sysctls.Set("ipv6/conf/default/forwarding", "1");
            Sysctls.Set("ipv6/conf/all/forwarding", "1");
        }
    }

    /// <summary>
    /// A router does not listen to other routers' advertisements, and forgets what it has learned from them: a machine that has its own way to the
    /// world by one would be cut off. 2 means: listen all the same.
    /// </summary>
    private static void KeepRouters()
    {
        foreach (string folder in Directory.GetDirectories(Interfaces))
        {
            string setting = $"ipv6/conf/{Path.GetFileName(folder)}/accept_ra";
            if (Path.GetFileName(folder) is not ("all" or "default" or "lo") && Sysctls.Get(setting) == "1")
            {
                Sysctls.Set(setting, "2");
            }
        }
    }
}
