using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>
/// Changes to a table of nf_tables, family inet, that take effect together or not at all. What is needed of nft(8)'s language, by its own words; the kernel's
/// encoding is shown by <c>nft --debug=netlink,mnl</c>.
/// </summary>
public sealed class NftablesBatch
{
    // Twenty thousand published ports of IPv6, each added and deleted.
    private const int BytesMax = 4 * 1024 * 1024;

    // What one attribute can hold, of the longest kind.
    private const int ElementsPerMessage = 500;

    private const ushort NFTA_LIST_ELEM = 1;
    private const ushort NFTA_TABLE_NAME = 1;
    private const ushort NFTA_TABLE_FLAGS = 2;
    private const ushort NFTA_CHAIN_TABLE = 1;
    private const ushort NFTA_CHAIN_NAME = 3;
    private const ushort NFTA_CHAIN_HOOK = 4;
    private const ushort NFTA_CHAIN_POLICY = 5;
    private const ushort NFTA_CHAIN_TYPE = 7;
    private const ushort NFTA_HOOK_HOOKNUM = 1;
    private const ushort NFTA_HOOK_PRIORITY = 2;
    private const ushort NFTA_RULE_TABLE = 1;
    private const ushort NFTA_RULE_CHAIN = 2;
    private const ushort NFTA_RULE_EXPRESSIONS = 4;
    private const ushort NFTA_SET_TABLE = 1;
    private const ushort NFTA_SET_NAME = 2;
    private const ushort NFTA_SET_FLAGS = 3;
    private const ushort NFTA_SET_KEY_TYPE = 4;
    private const ushort NFTA_SET_KEY_LEN = 5;
    private const ushort NFTA_SET_DATA_TYPE = 6;
    private const ushort NFTA_SET_DATA_LEN = 7;
    private const ushort NFTA_SET_DESC = 9;
    private const ushort NFTA_SET_ID = 10;
    private const ushort NFTA_SET_USERDATA = 13;
    private const ushort NFTA_SET_DESC_CONCAT = 2;
    private const ushort NFTA_SET_FIELD_LEN = 1;
    private const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    private const ushort NFTA_SET_ELEM_LIST_SET = 2;
    private const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    private const ushort NFTA_SET_ELEM_KEY = 1;
    private const ushort NFTA_SET_ELEM_DATA = 2;
    private const ushort NFTA_SET_ELEM_FLAGS = 3;
    private const ushort NFTA_SET_ELEM_KEY_END = 10;
    private const ushort NFTA_DATA_VALUE = 1;
    private const uint NFT_SET_INTERVAL = 0x4;
    private const uint NFT_SET_MAP = 0x8;
    private const uint NFT_SET_CONCAT = 0x80;
    private const uint NFT_SET_ELEM_INTERVAL_END = 0x1;

    // A type of several fields is written as their numbers, six bits each.
    private const int TypeBits = 6;

    private readonly string _table;
    private readonly NetlinkRequest _request = new(BytesMax);
    private uint _sets;

    /// <summary>No changes yet.</summary>
    /// <param name="table">The table that they are made to.</param>
    public NftablesBatch(string table)
    {
        _table = table;
        Netfilter.BeginBatch(_request, NetfilterSubsystem.NFNL_SUBSYS_NFTABLES);
    }

    internal string Table => _table;

    internal ReadOnlySpan<byte> Bytes => _request.Bytes;

    /// <summary>Makes the table, or leaves the one that is there.</summary>
    public void AddTable()
    {
        Start(NftablesMessage.NFT_MSG_NEWTABLE, NetlinkFlags.NLM_F_CREATE, $"table {_table}");
        _request.Attribute(NFTA_TABLE_NAME, _table);
        _request.AttributeBigEndian(NFTA_TABLE_FLAGS, 0u);
    }

    /// <summary>Removes the table and all that is in it.</summary>
    public void DeleteTable()
    {
        Start(NftablesMessage.NFT_MSG_DELTABLE, NetlinkFlags.None, $"table {_table}");
        _request.Attribute(NFTA_TABLE_NAME, _table);
    }

    /// <summary>Makes a set or map without elements.</summary>
    public void AddSet(NftablesSet set)
    {
        Start(NftablesMessage.NFT_MSG_NEWSET, NetlinkFlags.NLM_F_CREATE, $"set {_table} {set.Name}");
        bool hasRangesOfSeveralFields = set.HasIntervals && set.Key.Length > 1;
        uint flags = (set.HasIntervals ? NFT_SET_INTERVAL : 0) | (hasRangesOfSeveralFields ? NFT_SET_CONCAT : 0) | (set.Data.Length > 0 ? NFT_SET_MAP : 0);
        _request.Attribute(NFTA_SET_TABLE, _table);
        _request.Attribute(NFTA_SET_NAME, set.Name);
        if (flags != 0)
        {
            _request.AttributeBigEndian(NFTA_SET_FLAGS, flags);
        }

        _request.AttributeBigEndian(NFTA_SET_KEY_TYPE, Numbers(set.Key));
        _request.AttributeBigEndian(NFTA_SET_KEY_LEN, Length(set.Key));
        if (set.Data.Length > 0)
        {
            _request.AttributeBigEndian(NFTA_SET_DATA_TYPE, Numbers(set.Data));
            _request.AttributeBigEndian(NFTA_SET_DATA_LEN, Length(set.Data));
        }

        if (hasRangesOfSeveralFields)
        {
            AddFields(set.Key);
        }

        _request.AttributeBigEndian(NFTA_SET_ID, ++_sets);
        if (set.Key is [{ IsText: true }])
        {
            // nft(8)'s own: NFTNL_UDATA_SET_KEYBYTEORDER, four bytes, the machine's order.
            _request.Attribute(NFTA_SET_USERDATA, [0, sizeof(uint), .. BitConverter.GetBytes(1u)]);
        }
    }

    /// <summary>Makes a chain, where packets come in (and are accepted at its end) or to be jumped to.</summary>
    public void AddChain(string name, NftablesHook? hook = null)
    {
        Start(NftablesMessage.NFT_MSG_NEWCHAIN, NetlinkFlags.NLM_F_CREATE, $"chain {_table} {name}");
        _request.Attribute(NFTA_CHAIN_TABLE, _table);
        _request.Attribute(NFTA_CHAIN_NAME, name);
        if (hook is not null)
        {
            int nest = _request.BeginNest(NFTA_CHAIN_HOOK);
            _request.AttributeBigEndian(NFTA_HOOK_HOOKNUM, (uint)hook.Hook);
            _request.AttributeBigEndian(NFTA_HOOK_PRIORITY, (uint)hook.Priority);
            _request.EndNest(nest);
            _request.AttributeBigEndian(NFTA_CHAIN_POLICY, (uint)NftablesVerdict.NF_ACCEPT);
            _request.Attribute(NFTA_CHAIN_TYPE, hook.Type);
        }
    }

    /// <summary>Puts a rule behind the others of a chain.</summary>
    public void AddRule(string chain, Action<NftablesRule> write)
    {
        Start(NftablesMessage.NFT_MSG_NEWRULE, NetlinkFlags.NLM_F_CREATE | NetlinkFlags.NLM_F_APPEND, $"a rule of {_table} {chain}");
        _request.Attribute(NFTA_RULE_TABLE, _table);
        _request.Attribute(NFTA_RULE_CHAIN, chain);
        int nest = _request.BeginNest(NFTA_RULE_EXPRESSIONS);
        write(new NftablesRule(_request));
        _request.EndNest(nest);
    }

    /// <summary>Adds elements. One that is there already is no error; with the same key but other data it is <see cref="Errno.EEXIST"/>.</summary>
    public void AddElements(IEnumerable<NftablesElement> elements) => Elements(NftablesMessage.NFT_MSG_NEWSETELEM, NetlinkFlags.NLM_F_CREATE, elements);

    /// <summary>Removes elements by their keys; <see cref="Errno.ENOENT"/> when one is not there.</summary>
    public void DeleteElements(IEnumerable<NftablesElement> elements) => Elements(NftablesMessage.NFT_MSG_DELSETELEM, NetlinkFlags.None, elements);

    /// <summary>Carries it all out, in the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">What was refused first. Nothing has changed.</exception>
    public void Commit()
    {
        _request.AcknowledgeLast();
        Netfilter.EndBatch(_request, NetfilterSubsystem.NFNL_SUBSYS_NFTABLES);
        using SafeFileHandle netlink = Netfilter.Open(_request.Bytes.Length);
        Netlink.Send(netlink, _request);
    }

    private void Start(NftablesMessage message, NetlinkFlags flags, string description)
        => Netfilter.Start(_request, NetfilterSubsystem.NFNL_SUBSYS_NFTABLES, (byte)message, flags, NetfilterFamily.NFPROTO_INET, $"{message}, {description}");

    private static uint Numbers(NftablesType[] types) => types.Aggregate(0u, static (sum, type) => (sum << TypeBits) | type.Number);

    private static uint Length(NftablesType[] types) => types.Length == 1 ? (uint)types[0].Bytes : (uint)types.Sum(static type => (type.Bytes + 3) & ~3);

    private void AddFields(NftablesType[] types)
    {
        int description = _request.BeginNest(NFTA_SET_DESC);
        int fields = _request.BeginNest(NFTA_SET_DESC_CONCAT);
        foreach (NftablesType type in types)
        {
            int field = _request.BeginNest(NFTA_LIST_ELEM);
            _request.AttributeBigEndian(NFTA_SET_FIELD_LEN, (uint)type.Bytes);
            _request.EndNest(field);
        }

        _request.EndNest(fields);
        _request.EndNest(description);
    }

    private void Elements(NftablesMessage message, NetlinkFlags flags, IEnumerable<NftablesElement> elements)
    {
        foreach (IGrouping<string, NftablesElement> set in elements.GroupBy(static element => element.Set))
        {
            foreach (NftablesElement[] some in set.Chunk(ElementsPerMessage))
            {
                Start(message, flags, $"{some.Length} elements of {_table} {set.Key}");
                _request.Attribute(NFTA_SET_ELEM_LIST_TABLE, _table);
                _request.Attribute(NFTA_SET_ELEM_LIST_SET, set.Key);
                int nest = _request.BeginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
                foreach (NftablesElement element in some)
                {
                    Element(element);
                }

                _request.EndNest(nest);
            }
        }
    }

    private void Element(NftablesElement element)
    {
        int nest = _request.BeginNest(NFTA_LIST_ELEM);
        if (element.IsEnd)
        {
            _request.AttributeBigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        }

        Value(NFTA_SET_ELEM_KEY, element.Key);
        Value(NFTA_SET_ELEM_KEY_END, element.KeyEnd);
        Value(NFTA_SET_ELEM_DATA, element.Data);
        _request.EndNest(nest);
    }

    private void Value(ushort type, byte[]? value)
    {
        if (value is not null)
        {
            int nest = _request.BeginNest(type);
            _request.Attribute(NFTA_DATA_VALUE, value);
            _request.EndNest(nest);
        }
    }
}
