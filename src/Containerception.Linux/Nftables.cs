namespace Containerception.Linux;

/// <summary>Messages of nf_tables, spelled as in linux/netfilter/nf_tables.h.</summary>
internal enum NftablesMessage : byte
{
    NFT_MSG_NEWTABLE = 0,
    NFT_MSG_GETTABLE = 1,
    NFT_MSG_DELTABLE = 2,
    NFT_MSG_NEWCHAIN = 3,
    NFT_MSG_GETCHAIN = 4,
    NFT_MSG_NEWRULE = 6,
    NFT_MSG_GETRULE = 7,
    NFT_MSG_NEWSET = 9,
    NFT_MSG_GETSET = 10,
    NFT_MSG_NEWSETELEM = 12,
    NFT_MSG_DELSETELEM = 14,
}

/// <summary>Where packets pass, spelled as in linux/netfilter.h.</summary>
public enum NetfilterHook : uint
{
    NF_INET_PRE_ROUTING = 0,
    NF_INET_LOCAL_IN = 1,
    NF_INET_FORWARD = 2,
    NF_INET_LOCAL_OUT = 3,
    NF_INET_POST_ROUTING = 4,
}

/// <summary>What becomes of a packet, or of its way through the rules, spelled as in linux/netfilter.h and nf_tables.h.</summary>
public enum NftablesVerdict
{
    NF_DROP = 0,
    NF_ACCEPT = 1,
    NFT_JUMP = -3,
    NFT_RETURN = -5,
}

/// <summary>What is known of a packet besides its bytes, spelled as in linux/netfilter/nf_tables.h.</summary>
public enum NftablesMeta : uint
{
    NFT_META_MARK = 3,
    NFT_META_IIFNAME = 6,
    NFT_META_OIFNAME = 7,
    NFT_META_NFPROTO = 15,
    NFT_META_L4PROTO = 16,
}

/// <summary>What is known of the connection that a packet belongs to, spelled as in linux/netfilter/nf_tables.h.</summary>
public enum NftablesConnection : uint
{
    NFT_CT_STATE = 0,
    NFT_CT_STATUS = 2,
}

/// <summary>Where in a packet, spelled as in linux/netfilter/nf_tables.h.</summary>
public enum NftablesPayload : uint
{
    NFT_PAYLOAD_NETWORK_HEADER = 1,
    NFT_PAYLOAD_TRANSPORT_HEADER = 2,
}

/// <summary>How two values are compared, spelled as in linux/netfilter/nf_tables.h.</summary>
public enum NftablesComparison : uint
{
    NFT_CMP_EQ = 0,
    NFT_CMP_NEQ = 1,
}

/// <summary>A chain where packets come in: its type, hook and priority in words that nft(8) has too.</summary>
/// <param name="Type"><c>filter</c> or <c>nat</c>.</param>
/// <param name="Hook">Where.</param>
/// <param name="Priority">Before those with a larger one.</param>
public sealed record NftablesHook(string Type, NetfilterHook Hook, int Priority);

/// <summary>A field of a set's key, or of what a map leads to.</summary>
/// <param name="Number">The number that nft(8) has for the type; the kernel keeps it for those who list.</param>
/// <param name="Bytes">How long it is. In a key of several fields each is filled up to four bytes.</param>
/// <param name="IsText">nft(8) has to be told so when it is a key by itself, or it lists nothing.</param>
public readonly record struct NftablesType(uint Number, int Bytes, bool IsText = false)
{
    public static NftablesType Ipv4Address => new(7, 4);

    public static NftablesType Ipv6Address => new(8, 16);

    public static NftablesType Protocol => new(12, 1);

    public static NftablesType Service => new(13, 2);

    public static NftablesType InterfaceName => new(41, 16, IsText: true);
}

/// <summary>A set, or a map when it has data.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Key">The fields of the key.</param>
/// <param name="Data">The fields of what it leads to; none for a set.</param>
/// <param name="HasIntervals">Whether its elements are ranges.</param>
public sealed record NftablesSet(string Name, NftablesType[] Key, NftablesType[] Data, bool HasIntervals);

/// <summary>An element of a set or map.</summary>
/// <param name="Set">Whose.</param>
/// <param name="Key">The fields, each filled up to four bytes. The first value of a range.</param>
/// <param name="KeyEnd">The last value of a range in a set with a key of several fields.</param>
/// <param name="Data">What a map leads to.</param>
/// <param name="IsEnd">In a set of ranges with a key of one field: this one ends the range begun before it, and is not in it.</param>
public sealed record NftablesElement(string Set, byte[] Key, byte[]? KeyEnd = null, byte[]? Data = null, bool IsEnd = false);
