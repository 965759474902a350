using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>
/// The rules, which never change: what there is of networks and ports are elements of sets and maps. In nft(8)'s words they stand in tests/Networks/Expose/table.nft,
/// as nft lists them.
/// </summary>
internal static class FirewallTable
{
    // Sets of interfaces.
    public const string Bridges = "bridges";
    public const string Internal = "internal";
    public const string Talking = "talking";

    // Of each of these there is one for IPv4 and one for IPv6, whose name ends with 4 or 6.
    public const string Masqueraded = "masqueraded";
    public const string Own = "own";
    public const string Ports = "ports";
    public const string AnyPorts = "anyports";

    private const string Publish = "publish";
    private const string ToBridge = "to_bridge";
    private const string FromBridge = "from_bridge";

    // nft(8), STANDARD PRIORITY NAMES.
    private const int Raw = -300;
    private const int DestinationNat = -100;
    private const int Filter = 0;
    private const int SourceNat = 100;

    // Bits of NFT_CT_STATE are NF_CT_STATE_BIT of enum ip_conntrack_info: established and related. Of NFT_CT_STATUS: IPS_DST_NAT.
    private const uint EstablishedOrRelated = (1 << 1) | (1 << 2);
    private const uint Redirected = 1 << 5;

    private const byte LoopbackFirstByte = 127;
    private const int DestinationPort = 2;

    private static readonly byte[] Loopback = InterfaceName("lo");
    private static readonly byte[] LoopbackAddress6 = System.Net.IPAddress.IPv6Loopback.GetAddressBytes();

    /// <summary>Puts everything but the elements into the table, which is empty.</summary>
    public static void Write(NftablesBatch batch)
    {
        batch.AddTable();
        AddSets(batch);
        AddChains(batch);
        DropForeignLoopback(batch);
        LeadToContainers(batch);
        ChangeSources(batch);
        Isolate(batch);
        KeepFromSockets(batch);
    }

    /// <summary>An interface's name as it is compared: IFNAMSIZ bytes.</summary>
    public static byte[] InterfaceName(string name)
    {
        byte[] bytes = new byte[NftablesType.InterfaceName.Bytes];
        System.Text.Encoding.UTF8.GetBytes(name, bytes.AsSpan(..^1));
        return bytes;
    }

    private static void AddSets(NftablesBatch batch)
    {
        NftablesType name = NftablesType.InterfaceName;
        batch.AddSet(new(Bridges, [name], [], HasIntervals: false));
        batch.AddSet(new(Internal, [name], [], HasIntervals: false));
        batch.AddSet(new(Talking, [name, name], [], HasIntervals: false));
        foreach (Family family in Family.Both)
        {
            batch.AddSet(new(Masqueraded + family.Suffix, [family.Address], [], HasIntervals: true));
            batch.AddSet(new(Own + family.Suffix, [family.Address, name], [], HasIntervals: true));
            batch.AddSet(new(Ports + family.Suffix, [family.Address, NftablesType.Protocol, NftablesType.Service], [family.Address, NftablesType.Service], HasIntervals: false));
            batch.AddSet(new(AnyPorts + family.Suffix, [NftablesType.Protocol, NftablesType.Service], [family.Address, NftablesType.Service], HasIntervals: false));
        }
    }

    // In the order in which their rules are told: the kernel lists them so.
    private static void AddChains(NftablesBatch batch)
    {
        batch.AddChain("raw", new("filter", NetfilterHook.NF_INET_PRE_ROUTING, Raw));
        batch.AddChain(Publish);
        batch.AddChain("prerouting", new("nat", NetfilterHook.NF_INET_PRE_ROUTING, DestinationNat));
        batch.AddChain("output", new("nat", NetfilterHook.NF_INET_LOCAL_OUT, DestinationNat));
        batch.AddChain("postrouting", new("nat", NetfilterHook.NF_INET_POST_ROUTING, SourceNat));
        batch.AddChain(ToBridge);
        batch.AddChain(FromBridge);
        batch.AddChain("forward", new("filter", NetfilterHook.NF_INET_FORWARD, Filter));
        batch.AddChain("input", new("filter", NetfilterHook.NF_INET_LOCAL_IN, Filter));
    }

    /// <summary>
    /// A port published on 127.0.0.1 is for this machine. route_localnet, which bridges need for it, makes the kernel take such addresses from neighbours too
    /// (CVE-2020-8558; in docker until 28.0).
    /// </summary>
    private static void DropForeignLoopback(NftablesBatch batch)
        => batch.AddRule("raw", static rule => rule
            .Meta(NftablesMeta.NFT_META_IIFNAME).Compare(NftablesComparison.NFT_CMP_NEQ, Loopback)
            .Is(Family.Four)
            .Payload(NftablesPayload.NFT_PAYLOAD_NETWORK_HEADER, Family.Four.DestinationOffset, 1).Compare(NftablesComparison.NFT_CMP_EQ, LoopbackFirstByte)
            .Verdict(NftablesVerdict.NF_DROP));

    /// <summary>Who asks for an address of this machine is led to a container: from outside, from another container, from this machine.</summary>
    private static void LeadToContainers(NftablesBatch batch)
    {
        foreach (Family family in Family.Both)
        {
            // The port published on one address is more exact than that on any.
            batch.AddRule(Publish, rule => rule.Is(family).Destination(family).ProtocolAndPort(family.Words).Map(Ports + family.Suffix)
                .Redirect(family.Protocol, addressWord: 0, portWord: family.Words));
            batch.AddRule(Publish, rule => rule.Is(family).ProtocolAndPort(0).Map(AnyPorts + family.Suffix).Redirect(family.Protocol, addressWord: 0, portWord: family.Words));
        }

        batch.AddRule("prerouting", static rule => rule.ToThisMachine().Verdict(NftablesVerdict.NFT_JUMP, Publish));

        // Nothing comes back to ::1 from a bridge: the kernel has no route_localnet for IPv6. Whoever asks there reaches the socket that holds the port.
        batch.AddRule("output", static rule => rule.Is(Family.Six).Destination(Family.Six).Compare(NftablesComparison.NFT_CMP_EQ, LoopbackAddress6)
            .Verdict(NftablesVerdict.NFT_RETURN));
        batch.AddRule("output", static rule => rule.ToThisMachine().Verdict(NftablesVerdict.NFT_JUMP, Publish));
    }

    private static void ChangeSources(NftablesBatch batch)
    {
        // From this machine's loopback to a container: an address that no container could answer to.
        batch.AddRule("postrouting", static rule => rule.Is(Family.Four)
            .Payload(NftablesPayload.NFT_PAYLOAD_NETWORK_HEADER, Family.Four.SourceOffset, 1).Compare(NftablesComparison.NFT_CMP_EQ, LoopbackFirstByte)
            .Meta(NftablesMeta.NFT_META_OIFNAME).In(Bridges).Masquerade());
        foreach (Family family in Family.Both)
        {
            // Container to container by a published port: the answer must come back this way, not straight over the bridge.
            batch.AddRule("postrouting", rule => rule.Is(family).Source(family).Meta(NftablesMeta.NFT_META_OIFNAME, family.Words).In(Own + family.Suffix)
                .Connection(NftablesConnection.NFT_CT_STATUS, Redirected).Masquerade());
            batch.AddRule("postrouting", rule => rule.Is(family).Source(family).Meta(NftablesMeta.NFT_META_OIFNAME, family.Words).In(Own + family.Suffix)
                .Verdict(NftablesVerdict.NFT_RETURN));
            batch.AddRule("postrouting", rule => rule.Is(family).Source(family).In(Masqueraded + family.Suffix).Masquerade());
        }
    }

    /// <summary>Who may reach containers, and whom containers may reach. What has nothing to do with our bridges passes.</summary>
    private static void Isolate(NftablesBatch batch)
    {
        batch.AddRule(ToBridge, static rule => rule.Connection(NftablesConnection.NFT_CT_STATE, EstablishedOrRelated).Verdict(NftablesVerdict.NF_ACCEPT));
        batch.AddRule(ToBridge, static rule => rule.Meta(NftablesMeta.NFT_META_IIFNAME).Meta(NftablesMeta.NFT_META_OIFNAME, NftablesType.InterfaceName.Bytes / sizeof(uint)).In(Talking)
            .Verdict(NftablesVerdict.NF_ACCEPT));
        batch.AddRule(ToBridge, static rule => rule.Meta(NftablesMeta.NFT_META_IIFNAME).In(Internal).Verdict(NftablesVerdict.NF_DROP));
        batch.AddRule(ToBridge, static rule => rule.Meta(NftablesMeta.NFT_META_OIFNAME).In(Internal).Verdict(NftablesVerdict.NF_DROP));
        batch.AddRule(ToBridge, static rule => rule.Connection(NftablesConnection.NFT_CT_STATUS, Redirected).Verdict(NftablesVerdict.NF_ACCEPT));

        // Another network, or another machine that has a route to containers and wants a port that is not published.
        batch.AddRule(ToBridge, static rule => rule.Verdict(NftablesVerdict.NF_DROP));

        batch.AddRule(FromBridge, static rule => rule.Connection(NftablesConnection.NFT_CT_STATE, EstablishedOrRelated).Verdict(NftablesVerdict.NF_ACCEPT));
        batch.AddRule(FromBridge, static rule => rule.Meta(NftablesMeta.NFT_META_IIFNAME).In(Internal).Verdict(NftablesVerdict.NF_DROP));

        batch.AddRule("forward", static rule => rule.Meta(NftablesMeta.NFT_META_OIFNAME).In(Bridges).Verdict(NftablesVerdict.NFT_JUMP, ToBridge));
        batch.AddRule("forward", static rule => rule.Meta(NftablesMeta.NFT_META_IIFNAME).In(Bridges).Verdict(NftablesVerdict.NFT_JUMP, FromBridge));
    }

    /// <summary>
    /// A port that is relayed is a socket of this machine, by IPv6: to an internal network it would be a way to other containers. Neighbour discovery is
    /// neither tcp nor udp.
    /// </summary>
    private static void KeepFromSockets(NftablesBatch batch)
    {
        batch.AddRule("input", static rule => rule.Connection(NftablesConnection.NFT_CT_STATE, EstablishedOrRelated).Verdict(NftablesVerdict.NF_ACCEPT));
        foreach (byte protocol in (ReadOnlySpan<byte>)[(byte)PortProtocol.Tcp, (byte)PortProtocol.Udp])
        {
            batch.AddRule("input", rule => rule.Is(Family.Six).Meta(NftablesMeta.NFT_META_IIFNAME).In(Internal)
                .Meta(NftablesMeta.NFT_META_L4PROTO).Compare(NftablesComparison.NFT_CMP_EQ, protocol).Verdict(NftablesVerdict.NF_DROP));
        }
    }

    private static NftablesRule Is(this NftablesRule rule, Family family)
        => rule.Meta(NftablesMeta.NFT_META_NFPROTO).Compare(NftablesComparison.NFT_CMP_EQ, (byte)family.Protocol);

    private static NftablesRule Source(this NftablesRule rule, Family family)
        => rule.Payload(NftablesPayload.NFT_PAYLOAD_NETWORK_HEADER, family.SourceOffset, family.Address.Bytes);

    private static NftablesRule Destination(this NftablesRule rule, Family family)
        => rule.Payload(NftablesPayload.NFT_PAYLOAD_NETWORK_HEADER, family.DestinationOffset, family.Address.Bytes);

    // The port stands in the same place in tcp, udp and sctp.
    private static NftablesRule ProtocolAndPort(this NftablesRule rule, int word)
        => rule.Meta(NftablesMeta.NFT_META_L4PROTO, word).Payload(NftablesPayload.NFT_PAYLOAD_TRANSPORT_HEADER, DestinationPort, sizeof(ushort), word + 1);
}
