using System.Net;
using System.Net.Sockets;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Lets a relay speak to a container with its client's address. What the container answers would leave by the default route: so packets for such
/// a socket are marked, and those that are marked are for this machine. All of that is in the network namespace of the user's containers. Where
/// the kernel cannot do it, the container sees the bridge's address instead.
/// </summary>
internal sealed class ReturnPath
{
    // For every relay of the namespace the same.
    private const string Table = "cdock_relay";
    private const string Chain = "returning";
    private const string LoopbackName = "lo";
    private const int Mangle = -150;
    private const uint Mark = 0xCD0C;
    private const byte RouteTable = 205;

    private readonly bool _keeps4;
    private readonly bool _keeps6;

    /// <param name="keepsClients">Prepares the calling thread's network namespace, which may have been prepared before; otherwise no client is known by his address.</param>
    public ReturnPath(bool keepsClients)
    {
        if (keepsClients && Try(MarkAnswers))
        {
            _keeps4 = Try(() => Keep(AddressFamily.InterNetwork));
            _keeps6 = Try(() => Keep(AddressFamily.InterNetworkV6));
        }
    }

    /// <summary>A socket that is connected, or about to be, with the client's name where that is possible.</summary>
    public SafeFileHandle Connect(InternetSocketType type, in InternetAddress client, in InternetAddress target, out bool isConnected)
    {
        IPAddress address = client.Address;
        if (CanKeep(address, client, target))
        {
            // His port may be taken: by a connection of his that ended just now, or one to another port that leads to the same.
            foreach (ushort port in new[] { client.Port, (ushort)0 })
            {
                if (TryConnect(type, new InternetAddress(address, port), target, out isConnected) is { } socket)
                {
                    return socket;
                }
            }
        }

        SafeFileHandle plain = InternetSockets.Create(type, target);
        try
        {
            isConnected = InternetSockets.Connect(plain, target);
            return plain;
        }
        catch
        {
            plain.Dispose();
            throw;
        }
    }

    private static SafeFileHandle? TryConnect(InternetSocketType type, in InternetAddress source, in InternetAddress target, out bool isConnected)
    {
        SafeFileHandle socket = InternetSockets.Create(type, target);
        try
        {
            InternetSocketOptions.SetTransparent(socket, source);
            InternetSocketOptions.SetReuseAddress(socket);
            InternetSockets.Bind(socket, source);
            isConnected = InternetSockets.Connect(socket, target);
            return socket;
        }
        catch (LinuxException)
        {
            socket.Dispose();
            isConnected = false;
            return null;
        }
    }

    private bool CanKeep(IPAddress address, in InternetAddress client, in InternetAddress target)
    {
        bool keeps = address.AddressFamily == AddressFamily.InterNetwork ? _keeps4 : _keeps6;
        if (!keeps || IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal)
        {
            return false;
        }

        // A container looks for an address of its own network there, and not here.
        return TowardsOf(client) is not { } here || here != TowardsOf(target);
    }

    /// <summary>The address of this machine from which it would be spoken to; null where no route leads there.</summary>
    private static IPAddress? TowardsOf(in InternetAddress other)
    {
        using SafeFileHandle socket = InternetSockets.Create(InternetSocketType.SOCK_DGRAM, other);
        try
        {
            InternetSockets.Connect(socket, other);
            return InternetSockets.NameOf(socket).Address;
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    private static void MarkAnswers()
    {
        NftablesBatch batch = new(Table);
        batch.AddTable();
        batch.DeleteTable();
        batch.AddTable();
        batch.AddChain(Chain, new("filter", NetfilterHook.NF_INET_PRE_ROUTING, Mangle));
        byte[] loopback = new byte[NftablesType.InterfaceName.Bytes];
        System.Text.Encoding.ASCII.GetBytes(LoopbackName, loopback);
        batch.AddRule(Chain, rule => rule.Meta(NftablesMeta.NFT_META_IIFNAME).Compare(NftablesComparison.NFT_CMP_NEQ, loopback).ForTransparentSocket().Mark(Mark));
        batch.Commit();
    }

    private static void Keep(AddressFamily family)
    {
        using SafeFileHandle netlink = Netlink.Open(NetlinkProtocol.NETLINK_ROUTE);
        if (NetworkLinks.Find(netlink, LoopbackName) is not { } loopback)
        {
            throw new LinuxException($"the interface {LoopbackName}", Errno.ENODEV);
        }

        NetlinkRequest request = new();
        RoutingRules.KeepMarked(request, family, Mark, RouteTable, loopback.Index);
        Netlink.Send(netlink, request, tolerated: Errno.EEXIST);
    }

    private static bool Try(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }
}
