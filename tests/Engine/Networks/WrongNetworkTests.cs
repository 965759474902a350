namespace Containerception.Engine.Tests;

/// <summary>Lines about networks that make no sense: one clear error each, and nothing is left.</summary>
public sealed class WrongNetworkTests : IDisposable
{
    private readonly Cdock _cdock = new();

    public static TheoryData<string, int, string> Lines => new()
    {
        { "run -p 0:80 host true", 125, "invalid port \"0:80\": invalid host port: 0" },
        { "run -p 65536:80 host true", 125, "invalid port \"65536:80\": invalid host port: 65536" },
        { "run -p 80:http host true", 125, "invalid port \"80:http\": invalid container port: http" },
        { "run -p 80:80/icmp host true", 125, "invalid port \"80:80/icmp\": the protocols are tcp, udp and sctp" },
        { "run -p 80:80/6 host true", 125, "the protocols are tcp, udp and sctp" },
        { "run -p 80:80/tcp/udp host true", 125, "the protocols are tcp, udp and sctp" },
        { "run -p 1.2.3:80:80 host true", 125, "invalid IP address: 1.2.3" },
        { "run -p ::1:80:80 host true", 125, "use [[ADDRESS:]HOSTPORT:]PORT[/PROTOCOL]" },
        { "run -p [::g]:80:80 host true", 125, "invalid IP address: ::g" },
        { "run -p 1-3:1-2 host true", 125, "the ranges of the host and of the container must be of one length" },
        { "run -p 1-3:4-2 host true", 125, "invalid container port: 4-2" },
        { "run -p 1-5000:1-5000 host true", 125, "a range has 4096 ports at most" },
        { "run -p 1-65535 host true", 125, "a range has 4096 ports at most" },
        { "run -p -80 host true", 125, "invalid container port: -80" },
        { "run --expose 80:80 host true", 125, "invalid port \"80:80\": invalid port: 80:80" },
        { "run --expose x host true", 125, "invalid port: x" },
        { "run --network= host true", 125, "--network" },
        { "run --network nowhere host true", 125, "network nowhere not found" },
        { "run --network bridge --network none host true", 125, "cannot attach both user-defined and non-user-defined network-modes: none" },
        { "run --network bridge --network bridge host true", 125, "network bridge is specified more than once" },
        { "run --network name=bridge,colour=red host true", 125, "invalid field key colour" },
        { "run --network ip=1.2.3.4 host true", 125, "network name required" },
        { "run --network name=bridge,gw-priority=high host true", 125, "gw-priority is a number" },
        { "run --network none --ip 1.2.3.4 host true", 125, "conflicting options: --ip and the network mode none" },
        { "run --network host --network-alias x host true", 125, "conflicting options: --network-alias and the network mode host" },
        { "run --network host --mac-address 02:00:00:00:00:01 host true", 125, "conflicting options: --mac-address and the network mode host" },
        { "run --network-alias x host true", 125, "network-scoped alias is supported only for containers in user defined networks" },
        { "run --network container:nobody host true", 125, "no such container: nobody" },
        { "run --network container: host true", 125, "no such container: " },
        { "run --ip 1.2.3 host true", 125, "invalid value \"1.2.3\" for --ip" },
        { "run --ip fd00::1 host true", 125, "invalid value \"fd00::1\" for --ip" },
        { "run --ip6 1.2.3.4 host true", 125, "invalid value \"1.2.3.4\" for --ip6" },
        { "run --mac-address 01:00:00:00:00:01 host true", 125, "invalid value \"01:00:00:00:00:01\" for --mac-address" },
        { "run --mac-address 02:00 host true", 125, "invalid value \"02:00\" for --mac-address" },
        { "run --dns example.org host true", 125, "invalid value \"example.org\" for --dns: example.org is not an ip address" },
        { "run --add-host x:1.2.3 host true", 125, "bad format for add-host" },
        { "run --dns 1.2.3 host true", 125, "1.2.3 is not an ip address" },
        { "run -p 1.2.3.04:80:80 host true", 125, "invalid IP address: 1.2.3.04" },
        { "run --add-host x host true", 125, "invalid value \"x\" for --add-host: bad format for add-host" },
        { "run --add-host x:y host true", 125, "invalid value \"x:y\" for --add-host: bad format for add-host" },
        { "run --add-host :1.2.3.4 host true", 125, "bad format for add-host" },
        { "run --network none --add-host up:host-gateway host true", 125, "--add-host up:host-gateway: the container's networks have no gateway" },
        { "network create", 1, "network create requires 1 argument" },
        { "network create a b", 1, "network create requires 1 argument" },
        { "network create host", 1, "operation is not permitted on predefined host network" },
        { "network create none", 1, "operation is not permitted on predefined none network" },
        { "network create bridge", 1, "operation is not permitted on predefined bridge network" },
        { "network create ../x", 1, "invalid network name \"../x\"" },
        { "network create -d overlay x", 1, "could not find plugin overlay in v1 plugin registry: plugin not found" },
        { "network create -d macvlan x", 1, "a macvlan network needs the device that it lies on" },
        { "network create -d macvlan -o parent=lo x", 1, "a macvlan network needs to know its addresses" },
        { "network create -d macvlan -o parent=nothing0 --subnet 10.9.9.0/24 x", 1, "nothing0" },
        { "network create --ipam-driver dhcp x", 125, "could not find an IPAM driver dhcp" },
        { "network create --subnet 10.0.0.0 x", 125, "invalid value \"10.0.0.0\" for --subnet: invalid CIDR address" },
        { "network create --subnet 10.0.0.0/33 x", 125, "invalid CIDR address" },
        { "network create --subnet 10.9.9.1/32 x", 1, "the subnet 10.9.9.1/32 is none for containers" },
        { "network create --subnet 10.9.9.0/24 --gateway 10.9.9.255 x", 1, "the gateway 10.9.9.255 is no host's" },
        { "network create --subnet 10.9.9/24 x", 125, "invalid value \"10.9.9/24\" for --subnet: invalid CIDR address" },
        { "network create --subnet ff02::/64 x", 1, "the subnet ff02::/64 is none for containers" },
        { "network create --subnet 10.9.9.0/24 --subnet 10.9.8.0/24 x", 1, "a network has one subnet of each family at most" },
        { "network create --subnet 10.9.9.0/24 --gateway 10.9.8.1 x", 125, "no matching subnet for --gateway 10.9.8.1" },
        { "network create --gateway 10.9.8.1 x", 125, "no matching subnet for --gateway 10.9.8.1" },
        { "network create --subnet 10.9.9.0/24 --ip-range 10.9.8.0/25 x", 125, "no matching subnet for --ip-range 10.9.8.0/25" },
        { "network create --subnet 10.9.9.0/24 --ip-range 10.9.0.0/16 x", 125, "no matching subnet for --ip-range 10.9.0.0/16" },
        { "network create --subnet 10.9.9.0/24 --aux-address 10.9.9.4 x", 125, "invalid value \"10.9.9.4\" for --aux-address" },
        { "network create --subnet 10.9.9.0/24 --aux-address a=b x", 125, "no IP address" },
        { "network create --subnet 127.5.0.0/16 x", 1, "the subnet 127.5.0.0/16 is none for containers" },
        { "network create --subnet 224.1.0.0/16 x", 1, "the subnet 224.1.0.0/16 is none for containers" },
        { "network create --subnet 0.0.0.0/0 x", 1, "the subnet 0.0.0.0/0 is none for containers" },
        { "network create -o colour=red x", 1, "the option colour is not supported by the driver bridge" },
        { "network create -o com.docker.network.driver.mtu=tiny x", 1, "invalid value \"tiny\" for com.docker.network.driver.mtu" },
        { "network create -o com.docker.network.driver.mtu=20 x", 1, "invalid value \"20\" for com.docker.network.driver.mtu" },
        { "network create -o com.docker.network.bridge.enable_icc=perhaps x", 1, "invalid value \"perhaps\"" },
        { "network create -o com.docker.network.bridge.name=a/b x", 1, "invalid name of a bridge: \"a/b\"" },
        { "network create -o com.docker.network.bridge.name=sixteencharacter x", 1, "invalid name of a bridge" },
        { "network rm", 1, "network rm requires at least 1 argument" },
        { "network rm nothing", 1, "network nothing not found" },
        { "network rm bridge", 1, "bridge is a pre-defined network and cannot be removed" },
        { "network rm none", 1, "none is a pre-defined network and cannot be removed" },
        { "network connect bridge", 1, "network connect requires 2 arguments" },
        { "network connect bridge nobody", 1, "no such container: nobody" },
        { "network connect --ip x bridge nobody", 125, "invalid value \"x\" for --ip" },
        { "network disconnect bridge nobody", 1, "no such container: nobody" },
        { "network ls --filter colour=red", 1, "invalid filter" },
        { "network frobnicate", 1, "unknown command: network frobnicate" },
        { "network prune -f --filter colour=red", 1, "invalid filter" },
        { "port nobody", 1, "no such container: nobody" },
        { "update -p 80:80 nobody", 1, "no such container: nobody" },
        { "update -p 80:x nobody", 1, "invalid container port: x" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_wrong_line_gets_one_clear_error(string line, int exitCode, string message)
    {
        Outcome outcome = _cdock.Do(line.Split(' '));

        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(message, outcome.FirstError, StringComparison.Ordinal);
        Assert.True(outcome.Error.TrimEnd('\n').Split('\n') is [_] or [_, ['h', 'i', 'n', 't', ':', ..]], outcome.Error);
        Assert.Equal((exitCode, ""), (outcome.ExitCode, outcome.Output));
        Assert.Empty(_cdock.Ids());
        Assert.Equal("", _cdock.Ok("network", "ls", "-q", "-f", "type=custom"));
    }

    public void Dispose() => _cdock.Dispose();
}
