using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Containerception.Networks;

namespace Containerception.Engine;

/// <summary>docker's names of a network's options, as far as they mean something here.</summary>
internal static class NetworkOptions
{
    public const string BridgeName = "com.docker.network.bridge.name";
    public const string Mtu = "com.docker.network.driver.mtu";
    public const string Masquerade = "com.docker.network.bridge.enable_ip_masquerade";
    public const string Talk = "com.docker.network.bridge.enable_icc";
    public const string Parent = "parent";
    public const string MacvlanMode = "macvlan_mode";
}

/// <summary>Turns what was asked for of a network into its definition, and finds what makes no sense.</summary>
internal static class NetworkRules
{
    private const int NameLengthMax = 63;
    private const int InterfaceNameLengthMax = 15;
    private const int MtuMin = 68;
    private const int MtuMax = 65_535;
    private static readonly string[] Reserved = ["host", "none", "default", "container"];

    public static void CheckName(string name)
    {
        if (Reserved.Contains(name))
        {
            throw new EngineException(FailureKind.Conflict, $"operation is not permitted on predefined {name} network", "choose another name");
        }

        bool good = name.Length is > 0 and <= NameLengthMax && char.IsAsciiLetterOrDigit(name[0])
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-');
        if (!good)
        {
            throw EngineException.Invalid($"invalid network name \"{name}\"", "use letters, digits, _, . and -, beginning with a letter or digit, 63 at most");
        }
    }

    /// <param name="request">What was asked for.</param>
    /// <param name="shortId">12 hexadecimal digits.</param>
    /// <param name="others">The networks that are there.</param>
    public static NetworkDefinition Compile(NetworkCreateRequest request, string shortId, IReadOnlyList<NetworkDefinition> others)
    {
        bool isBridge = request.Driver switch
        {
            "bridge" => true,
            "macvlan" when PlainUser.IsRootOfHisOwn => throw new EngineException(
                FailureKind.Unsupported, "macvlan is not for another user than root: an interface of the machine's would have to carry the container's", "use bridge and publish ports"),
            "macvlan" => false,
            _ => throw new EngineException(FailureKind.Unsupported, $"could not find plugin {request.Driver} in v1 plugin registry: plugin not found", "the drivers are bridge and macvlan"),
        };
        CheckOptions(request, isBridge);
        return new NetworkDefinition
        {
            Driver = request.Driver,
            Device = isBridge ? BridgeName(request, shortId, others) : Parent(request),
            IsInternal = request.IsInternal,
            IsAttachable = request.IsAttachable,
            Pools = Pools(request, others, isBridge),
            Mtu = Number(request, NetworkOptions.Mtu),
            Masquerades = Flag(request, NetworkOptions.Masquerade),
            Talks = Flag(request, NetworkOptions.Talk),
            Options = request.Options,
            Labels = request.Labels,
        };
    }

    /// <summary>An address that was asked for, if it can be had.</summary>
    public static IPAddress Checked(NetworkDefinition network, PoolDefinition pool, IPAddress wanted, HashSet<IPAddress> taken)
        => !pool.Network.Contains(wanted)
            ? throw EngineException.Invalid($"the address {wanted} is not in {pool.Subnet}, the subnet of the network {network.Name}")
            : taken.Contains(wanted)
                ? throw new EngineException(FailureKind.Conflict, $"the address {wanted} of the network {network.Name} is in use", "`cdock network inspect` tells who has it")
                : !AddressPool.IsHost(pool.Network, wanted)
                    ? throw EngineException.Invalid($"the address {wanted} is no host's: it is the first or the last of {pool.Subnet}")
                    : wanted;

    /// <summary>An address as docker writes it.</summary>
    public static string Text(PhysicalAddress address)
        => string.Join(':', address.GetAddressBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));

    /// <summary>Reads <c>02:42:ac:11:00:02</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static PhysicalAddress ParseHardwareAddress(string text)
        => PhysicalAddress.TryParse(text.Replace(':', '-').ToUpperInvariant(), out PhysicalAddress? address) && address.GetAddressBytes() is { Length: 6 } bytes && (bytes[0] & 1) == 0
            ? address
            : throw EngineException.Invalid($"invalid MAC address \"{text}\"", "for instance 02:42:ac:11:00:02, not a group's");

    private static void CheckOptions(NetworkCreateRequest request, bool isBridge)
    {
        string[] known = isBridge
            ? [NetworkOptions.BridgeName, NetworkOptions.Mtu, NetworkOptions.Masquerade, NetworkOptions.Talk]
            : [NetworkOptions.Parent, NetworkOptions.MacvlanMode, NetworkOptions.Mtu];
        string? unknown = request.Options.Keys.FirstOrDefault(name => !known.Contains(name));
        if (unknown is not null)
        {
            throw new EngineException(FailureKind.Unsupported, $"the option {unknown} is not supported by the driver {request.Driver}", $"there are {string.Join(", ", known)}");
        }

        if (request.Options.TryGetValue(NetworkOptions.MacvlanMode, out string? mode) && mode != "bridge")
        {
            throw new EngineException(FailureKind.Unsupported, $"macvlan_mode {mode} is not supported", "the mode is bridge");
        }
    }

    private static string BridgeName(NetworkCreateRequest request, string shortId, IReadOnlyList<NetworkDefinition> others)
    {
        string name = request.Options.GetValueOrDefault(NetworkOptions.BridgeName, $"br-{shortId}");
        bool good = name.Length is > 0 and <= InterfaceNameLengthMax && name is not ("." or ".." or "lo") && !name.Any(letter => letter is '/' or ':' or '%' || char.IsWhiteSpace(letter));
        return !good ? throw EngineException.Invalid($"invalid name of a bridge: \"{name}\"", "an interface's name has 1 to 15 characters, and no /, : or space")
            : others.FirstOrDefault(other => other.IsBridge && other.Device == name) is NetworkDefinition owner
                ? throw new EngineException(FailureKind.Conflict, $"the bridge {name} is that of the network {owner.Name}")
                : name;
    }

    private static string Parent(NetworkCreateRequest request)
        => request.Options.GetValueOrDefault(NetworkOptions.Parent) is { Length: > 0 } parent ? parent
            : throw EngineException.Invalid("a macvlan network needs the device that it lies on", "-o parent=eth0");

    private static ImmutableArray<PoolDefinition> Pools(NetworkCreateRequest request, IReadOnlyList<NetworkDefinition> others, bool isBridge)
    {
        List<NetworkPool> pools = [.. request.Pools];
        if (pools.GroupBy(pool => pool.Subnet.BaseAddress.AddressFamily).Any(family => family.Count() > 1))
        {
            throw EngineException.Invalid("a network has one subnet of each family at most");
        }

        List<IPNetwork> taken = [.. others.SelectMany(other => other.Pools).Select(pool => pool.Network)];
        foreach (NetworkPool pool in pools)
        {
            Check(pool, others);
        }

        if (isBridge && !pools.Exists(pool => pool.Subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork))
        {
            pools.Insert(0, new NetworkPool(AddressPool.ChooseSubnet([.. taken, .. UserNetwork.Run(HostNetworks.All)]) ?? throw NoneFree("10.89.0.0/24")));
        }

        if (request.HasIPv6 && !pools.Exists(pool => pool.Subnet.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6))
        {
            pools.Add(new NetworkPool(AddressPool.ChooseUniqueLocal([.. taken, .. UserNetwork.Run(HostNetworks.All)], SiteId()) ?? throw NoneFree("fd00:89::/64")));
        }

        return pools.Count == 0
            ? throw EngineException.Invalid($"a {request.Driver} network needs to know its addresses", "--subnet 192.168.1.0/24 --gateway 192.168.1.1")
            : [.. pools.Select(Define)];
    }

    private static EngineException NoneFree(string example)
        => new(FailureKind.Conflict, "all predefined address pools have been fully subnetted", $"choose one yourself: --subnet {example}");

    // The same for all networks of a machine (RFC 4193, 3.2), and nothing that tells of the machine.
    private static byte[] SiteId()
    {
        const string file = "/etc/machine-id";
        return SHA256.HashData(Encoding.UTF8.GetBytes("cdock " + (File.Exists(file) ? File.ReadAllText(file) : Environment.MachineName)))[..AddressPool.GlobalIdBytes];
    }

    private static void Check(NetworkPool pool, IReadOnlyList<NetworkDefinition> others)
    {
        if (others.FirstOrDefault(other => other.Pools.Any(theirs => AddressPool.Overlap(theirs.Network, pool.Subnet))) is NetworkDefinition owner)
        {
            throw new EngineException(FailureKind.Conflict, $"the subnet {pool.Subnet} overlaps with that of the network {owner.Name}", "Pool overlaps with other one on this address space");
        }

        if (pool.Range is IPNetwork range && !(pool.Subnet.Contains(range.BaseAddress) && range.PrefixLength >= pool.Subnet.PrefixLength))
        {
            throw EngineException.Invalid($"the range {range} is not in the subnet {pool.Subnet}");
        }

        if (!CanBeSubnet(pool.Subnet))
        {
            throw EngineException.Invalid($"the subnet {pool.Subnet} is none for containers", "it is for loopback, for groups or reserved, or has no room beside the gateway");
        }

        if (pool.Gateway is IPAddress gateway && pool.Subnet.Contains(gateway) && !AddressPool.IsHost(pool.Subnet, gateway))
        {
            throw EngineException.Invalid($"the gateway {gateway} is no host's: it is the first or the last of {pool.Subnet}");
        }

        foreach (IPAddress address in pool.Auxiliary.Values.Select(IPAddress.Parse).Append(pool.Gateway).OfType<IPAddress>())
        {
            if (!pool.Subnet.Contains(address))
            {
                throw EngineException.Invalid($"the address {address} is not in the subnet {pool.Subnet}", "no matching subnet for it");
            }
        }
    }

    private static bool CanBeSubnet(IPNetwork subnet)
    {
        const byte loopback = 127;
        const byte groups = 224;
        byte[] bytes = subnet.BaseAddress.GetAddressBytes();
        return subnet.PrefixLength > 0 && subnet.PrefixLength < bytes.Length * 8 && (subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] is not (0 or loopback or >= groups)
            : !subnet.BaseAddress.IsIPv6Multicast && !subnet.BaseAddress.IsIPv6LinkLocal && bytes[0] != 0);
    }

    private static PoolDefinition Define(NetworkPool pool)
    {
        HashSet<IPAddress> others = [.. pool.Auxiliary.Values.Select(IPAddress.Parse)];
        IPAddress gateway = pool.Gateway ?? AddressPool.Next(pool.Subnet, pool.Range, others, after: null)
            ?? throw EngineException.Invalid($"the subnet {pool.Subnet} has no room for a gateway");
        return new PoolDefinition(pool.Subnet.ToString(), pool.Range?.ToString(), gateway.ToString()) { Auxiliary = pool.Auxiliary };
    }

    private static int Number(NetworkCreateRequest request, string name)
        => !request.Options.TryGetValue(name, out string? text) ? 0
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= MtuMin and <= MtuMax ? number
            : throw EngineException.Invalid($"invalid value \"{text}\" for {name}", $"it is a number from {MtuMin} to {MtuMax}");

    private static bool Flag(NetworkCreateRequest request, string name) => request.Options.GetValueOrDefault(name, "true") switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        string text => throw EngineException.Invalid($"invalid value \"{text}\" for {name}", "it is true or false"),
    };
}
