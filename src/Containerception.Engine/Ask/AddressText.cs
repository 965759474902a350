using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Containerception.Engine;

/// <summary>Addresses as people write them. .NET takes more for one: 1.2.3 for 1.2.0.3, 010.0.0.1 for 8.0.0.1, and an IPv6 address with a port.</summary>
public static class AddressText
{
    /// <summary>Reads an address, if it is written in full.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IPAddress? address)
        => IPAddress.TryParse(text, out address)
            && (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() == text : !text!.Contains('[', StringComparison.Ordinal));
}
