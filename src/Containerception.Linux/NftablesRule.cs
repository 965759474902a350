using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>
/// One rule: expressions in the order in which they are evaluated, until one does not hold. They pass values on in registers, which here are words of four bytes,
/// numbered from 0; a value takes as many as it needs, and a key of several fields is loaded into consecutive ones.
/// </summary>
public sealed class NftablesRule
{
    private const ushort NFTA_LIST_ELEM = 1;
    private const ushort NFTA_EXPR_NAME = 1;
    private const ushort NFTA_EXPR_DATA = 2;
    private const ushort NFTA_DATA_VALUE = 1;
    private const ushort NFTA_DATA_VERDICT = 2;
    private const ushort NFTA_VERDICT_CODE = 1;
    private const ushort NFTA_VERDICT_CHAIN = 2;
    private const ushort NFTA_META_DREG = 1;
    private const ushort NFTA_META_KEY = 2;
    private const ushort NFTA_META_SREG = 3;
    private const ushort NFTA_SOCKET_KEY = 1;
    private const ushort NFTA_SOCKET_DREG = 2;
    private const ushort NFTA_CT_DREG = 1;
    private const ushort NFTA_CT_KEY = 2;
    private const ushort NFTA_PAYLOAD_DREG = 1;
    private const ushort NFTA_PAYLOAD_BASE = 2;
    private const ushort NFTA_PAYLOAD_OFFSET = 3;
    private const ushort NFTA_PAYLOAD_LEN = 4;
    private const ushort NFTA_CMP_SREG = 1;
    private const ushort NFTA_CMP_OP = 2;
    private const ushort NFTA_CMP_DATA = 3;
    private const ushort NFTA_BITWISE_SREG = 1;
    private const ushort NFTA_BITWISE_DREG = 2;
    private const ushort NFTA_BITWISE_LEN = 3;
    private const ushort NFTA_BITWISE_MASK = 4;
    private const ushort NFTA_BITWISE_XOR = 5;
    private const ushort NFTA_LOOKUP_SET = 1;
    private const ushort NFTA_LOOKUP_SREG = 2;
    private const ushort NFTA_LOOKUP_DREG = 3;
    private const ushort NFTA_FIB_DREG = 1;
    private const ushort NFTA_FIB_RESULT = 2;
    private const ushort NFTA_FIB_FLAGS = 3;
    private const ushort NFTA_NAT_TYPE = 1;
    private const ushort NFTA_NAT_FAMILY = 2;
    private const ushort NFTA_NAT_REG_ADDR_MIN = 3;
    private const ushort NFTA_NAT_REG_PROTO_MIN = 5;
    private const ushort NFTA_IMMEDIATE_DREG = 1;
    private const ushort NFTA_IMMEDIATE_DATA = 2;
    private const uint NFT_SOCKET_TRANSPARENT = 0;
    private const uint NFT_FIB_RESULT_ADDRTYPE = 3;
    private const uint NFTA_FIB_F_DADDR = 2;
    private const uint NFT_NAT_DNAT = 1;
    private const uint NFT_REG_VERDICT = 0;
    private const uint NFT_REG_1 = 1;
    private const uint NFT_REG32_00 = 8;
    private const uint RTN_LOCAL = 2;
    private const int WordsPerRegister = 4;

    private readonly NetlinkRequest _request;

    internal NftablesRule(NetlinkRequest request) => _request = request;

    /// <summary>Loads what is known of the packet.</summary>
    public NftablesRule Meta(NftablesMeta key, int word = 0) => Expression("meta", (NFTA_META_DREG, Register(word)), (NFTA_META_KEY, (uint)key));

    /// <summary>Loads bytes of the packet.</summary>
    public NftablesRule Payload(NftablesPayload header, int offset, int length, int word = 0)
        => Expression("payload", (NFTA_PAYLOAD_DREG, Register(word)), (NFTA_PAYLOAD_BASE, (uint)header), (NFTA_PAYLOAD_OFFSET, (uint)offset), (NFTA_PAYLOAD_LEN, (uint)length));

    /// <summary>Goes on when the value that begins in word 0 is this one, or is not.</summary>
    public NftablesRule Compare(NftablesComparison comparison, params ReadOnlySpan<byte> value)
    {
        (int element, int data) = Begin("cmp");
        _request.AttributeBigEndian(NFTA_CMP_SREG, Register(0));
        _request.AttributeBigEndian(NFTA_CMP_OP, (uint)comparison);
        Value(NFTA_CMP_DATA, value);
        return End(element, data);
    }

    /// <summary>Goes on when the connection has one of these bits of its state or status.</summary>
    public NftablesRule Connection(NftablesConnection key, uint bits)
    {
        Expression("ct", (NFTA_CT_DREG, Register(0)), (NFTA_CT_KEY, (uint)key));
        (int element, int data) = Begin("bitwise");
        _request.AttributeBigEndian(NFTA_BITWISE_SREG, Register(0));
        _request.AttributeBigEndian(NFTA_BITWISE_DREG, Register(0));
        _request.AttributeBigEndian(NFTA_BITWISE_LEN, (uint)sizeof(uint));
        Value(NFTA_BITWISE_MASK, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in bits)));
        Value(NFTA_BITWISE_XOR, stackalloc byte[sizeof(uint)]);
        End(element, data);
        return Compare(NftablesComparison.NFT_CMP_NEQ, stackalloc byte[sizeof(uint)]);
    }

    /// <summary>Goes on when the destination is an address of this machine.</summary>
    public NftablesRule ToThisMachine()
    {
        uint local = RTN_LOCAL;
        Expression("fib", (NFTA_FIB_DREG, Register(0)), (NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE), (NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR));
        return Compare(NftablesComparison.NFT_CMP_EQ, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in local)));
    }

    /// <summary>Goes on when the key that begins in word 0 is in the set.</summary>
    public NftablesRule In(string set)
    {
        (int element, int data) = Begin("lookup");
        _request.Attribute(NFTA_LOOKUP_SET, set);
        _request.AttributeBigEndian(NFTA_LOOKUP_SREG, Register(0));
        return End(element, data);
    }

    /// <summary>The same for a map; what it leads to replaces the key.</summary>
    public NftablesRule Map(string map)
    {
        (int element, int data) = Begin("lookup");
        _request.Attribute(NFTA_LOOKUP_SET, map);
        _request.AttributeBigEndian(NFTA_LOOKUP_SREG, Register(0));
        _request.AttributeBigEndian(NFTA_LOOKUP_DREG, Register(0));
        return End(element, data);
    }

    /// <summary>Sends the connection to the address and port in the registers.</summary>
    public NftablesRule Redirect(NetfilterFamily family, int addressWord, int portWord)
        => Expression("nat", (NFTA_NAT_TYPE, NFT_NAT_DNAT), (NFTA_NAT_FAMILY, (uint)family), (NFTA_NAT_REG_ADDR_MIN, Register(addressWord)), (NFTA_NAT_REG_PROTO_MIN, Register(portWord)));

    /// <summary>Loads constant bytes.</summary>
    public NftablesRule Load(ReadOnlySpan<byte> value, int word)
    {
        (int element, int data) = Begin("immediate");
        _request.AttributeBigEndian(NFTA_IMMEDIATE_DREG, Register(word));
        Value(NFTA_IMMEDIATE_DATA, value);
        return End(element, data);
    }

    /// <summary>Goes on when the packet is for a socket here that has another's address: <see cref="InternetSocketOptions.SetTransparent"/>.</summary>
    public NftablesRule ForTransparentSocket()
        => Expression("socket", (NFTA_SOCKET_KEY, NFT_SOCKET_TRANSPARENT), (NFTA_SOCKET_DREG, Register(0))).Compare(NftablesComparison.NFT_CMP_EQ, 1);

    /// <summary>Marks the packet, for rules of routing.</summary>
    public NftablesRule Mark(uint mark)
    {
        Load(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in mark)), 0);
        return Expression("meta", (NFTA_META_KEY, (uint)NftablesMeta.NFT_META_MARK), (NFTA_META_SREG, Register(0)));
    }

    /// <summary>Gives the connection the source address of the interface it leaves by.</summary>
    public NftablesRule Masquerade() => Expression("masq");

    /// <summary>Ends with a verdict.</summary>
    public NftablesRule Verdict(NftablesVerdict verdict, string? chain = null)
    {
        (int element, int data) = Begin("immediate");
        _request.AttributeBigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        int value = _request.BeginNest(NFTA_IMMEDIATE_DATA);
        int nest = _request.BeginNest(NFTA_DATA_VERDICT);
        _request.AttributeBigEndian(NFTA_VERDICT_CODE, unchecked((uint)verdict));
        if (chain is not null)
        {
            _request.Attribute(NFTA_VERDICT_CHAIN, chain);
        }

        _request.EndNest(nest);
        _request.EndNest(value);
        return End(element, data);
    }

    /// <summary>The kernel's number for a word, as it tells it itself: the older name where one begins there.</summary>
    private static uint Register(int word)
        => word % WordsPerRegister == 0 ? NFT_REG_1 + (uint)(word / WordsPerRegister) : NFT_REG32_00 + (uint)word;

    private NftablesRule Expression(string name, params ReadOnlySpan<(ushort Type, uint Value)> attributes)
    {
        (int element, int data) = Begin(name);
        foreach ((ushort type, uint value) in attributes)
        {
            _request.AttributeBigEndian(type, value);
        }

        return End(element, data);
    }

    private (int Element, int Data) Begin(string name)
    {
        int element = _request.BeginNest(NFTA_LIST_ELEM);
        _request.Attribute(NFTA_EXPR_NAME, name);
        return (element, _request.BeginNest(NFTA_EXPR_DATA));
    }

    private NftablesRule End(int element, int data)
    {
        _request.EndNest(data);
        _request.EndNest(element);
        return this;
    }

    private void Value(ushort type, ReadOnlySpan<byte> value)
    {
        int nest = _request.BeginNest(type);
        _request.Attribute(NFTA_DATA_VALUE, value);
        _request.EndNest(nest);
    }
}
