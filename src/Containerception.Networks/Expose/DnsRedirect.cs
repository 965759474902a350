using System.Buffers.Binary;
using System.Net;
using Containerception.Linux;

namespace Containerception.Networks;

/// <summary>Leads questions for names to sockets on ports of their own: the program in the container is free to use port 53 itself.</summary>
public static class DnsRedirect
{
    private const string Table = "cdock_dns";
    private const ushort DnsPort = 53;
    private const int DestinationNat = -100;
    private const int DestinationPort = 2;

    /// <summary>In the calling thread's network namespace, which is a container's: what it sends to an address, port 53, goes to these ports there.</summary>
    public static void Install(IPAddress listen, ushort udpPort, ushort tcpPort)
    {
        NftablesBatch batch = new(Table);
        batch.AddTable();
        batch.DeleteTable();
        batch.AddTable();
        batch.AddChain("output", new("nat", NetfilterHook.NF_INET_LOCAL_OUT, DestinationNat));
        Add(batch, listen, PortProtocol.Udp, udpPort);
        Add(batch, listen, PortProtocol.Tcp, tcpPort);
        batch.Commit();
    }

    private static void Add(NftablesBatch batch, IPAddress listen, PortProtocol protocol, ushort port)
    {
        Family family = Family.Of(listen);
        byte[] address = listen.GetAddressBytes();
        batch.AddRule("output", rule => rule
            .Meta(NftablesMeta.NFT_META_NFPROTO).Compare(NftablesComparison.NFT_CMP_EQ, (byte)family.Protocol)
            .Payload(NftablesPayload.NFT_PAYLOAD_NETWORK_HEADER, family.DestinationOffset, family.Address.Bytes).Compare(NftablesComparison.NFT_CMP_EQ, address)
            .Meta(NftablesMeta.NFT_META_L4PROTO).Compare(NftablesComparison.NFT_CMP_EQ, (byte)protocol)
            .Payload(NftablesPayload.NFT_PAYLOAD_TRANSPORT_HEADER, DestinationPort, sizeof(ushort)).Compare(NftablesComparison.NFT_CMP_EQ, BigEndian(DnsPort))
            .Load(address, 0).Load(BigEndian(port), family.Words)
            .Redirect(family.Protocol, addressWord: 0, portWord: family.Words));
    }

    private static byte[] BigEndian(ushort port)
    {
        byte[] bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return bytes;
    }
}
