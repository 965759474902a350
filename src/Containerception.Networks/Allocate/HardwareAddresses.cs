using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;

namespace Containerception.Networks;

/// <summary>Hardware addresses, locally administered, that are the same each time: neighbours that remember one remember the right one.</summary>
public static class HardwareAddresses
{
    private const byte LocallyAdministered = 0x02;
    private const byte OfIPv4 = 0x42;
    private const byte OfIPv6 = 0x43;
    private const byte OfText = 0x44;
    private const int Tail = 4;

    /// <summary>That of an interface with this address: 02:42 and the address, as docker's long were. Of an IPv6 address the words are folded.</summary>
    public static PhysicalAddress Of(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        byte[] result = [LocallyAdministered, bytes.Length == Tail ? OfIPv4 : OfIPv6, 0, 0, 0, 0];
        for (int place = 0; place < bytes.Length; place++)
        {
            result[2 + (place % Tail)] ^= bytes[place];
        }

        return new PhysicalAddress(result);
    }

    /// <summary>That of an interface that stands for a text.</summary>
    public static PhysicalAddress Of(string text)
    {
        byte[] result = [LocallyAdministered, OfText, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(result.AsSpan(2), StableHash.Of(text));
        return new PhysicalAddress(result);
    }
}
