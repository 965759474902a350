using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>struct fib_rule_hdr of linux/fib_rules.h.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RuleInfo
{
    public byte family;
    public byte dst_len;
    public byte src_len;
    public byte tos;
    public byte table;
    public byte res1;
    public byte res2;
    public byte action;
    public uint flags;
}

/// <summary>Rules that say which table of routes counts, by netlink. See ip-rule(8).</summary>
public static class RoutingRules
{
    private const ushort FRA_PRIORITY = 6;
    private const ushort FRA_FWMARK = 10;
    private const byte FR_ACT_TO_TBL = 1;
    private const ushort RTA_OIF = 4;
    private const byte RTPROT_BOOT = 3;
    private const byte RT_SCOPE_HOST = 254;
    private const byte RTN_LOCAL = 2;
    private const byte AF_INET = 2;
    private const byte AF_INET6 = 10;

    /// <summary>Adds: let packets with a mark be for this machine, whatever their destination. The rule is refused (<see cref="Errno.EEXIST"/>) where it is.</summary>
    /// <param name="request">The request.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="mark">As rules of nf_tables set it.</param>
    /// <param name="table">A table of routes that is used for nothing else; below 253.</param>
    /// <param name="loopback">The loopback interface.</param>
    public static void KeepMarked(NetlinkRequest request, AddressFamily family, uint mark, byte table, int loopback)
    {
        byte number = family == AddressFamily.InterNetwork ? AF_INET : AF_INET6;
        RouteInfo route = new()
        {
            rtm_family = number,
            rtm_table = table,
            rtm_protocol = RTPROT_BOOT,
            rtm_scope = RT_SCOPE_HOST,
            rtm_type = RTN_LOCAL,
        };
        request.Begin(NetlinkMessageType.RTM_NEWROUTE, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_REPLACE, route, $"local default, table {table}");
        request.Attribute(RTA_OIF, (uint)loopback);

        // With a priority of its own, so that the kernel knows it again.
        RuleInfo rule = new() { family = number, table = table, action = FR_ACT_TO_TBL };
        request.Begin(NetlinkMessageType.RTM_NEWRULE, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_EXCL, rule, $"fwmark {mark:x} lookup {table}");
        request.Attribute(FRA_PRIORITY, table);
        request.Attribute(FRA_FWMARK, mark);
    }
}
