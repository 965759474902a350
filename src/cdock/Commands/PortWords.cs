using System.Globalization;
using System.Net;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>A container's ports in the words of <c>ps</c>: neighbours of one kind are told as a range.</summary>
internal static class PortWords
{
    public static string Of(ContainerInfo container)
    {
        List<string> words = [.. Published(container.Ports)];
        words.AddRange(Exposed(container));
        return string.Join(", ", words);
    }

    /// <summary><c>0.0.0.0:8080</c>, <c>[::]:8080</c>.</summary>
    public static string Address(PortInfo port) => new IPEndPoint(port.HostAddress, port.HostPort).ToString();

    private static IEnumerable<string> Published(IEnumerable<PortInfo> ports)
    {
        foreach (IGrouping<(string Protocol, string Address), PortInfo> kind in ports.GroupBy(port => (port.Protocol, port.HostAddress.ToString())))
        {
            PortInfo[] all = [.. kind.OrderBy(port => port.ContainerPort).ThenBy(port => port.HostPort)];
            for (int first = 0; first < all.Length;)
            {
                int last = first;
                while (last + 1 < all.Length && all[last + 1].ContainerPort == all[last].ContainerPort + 1 && all[last + 1].HostPort == all[last].HostPort + 1)
                {
                    last++;
                }

                string host = all[first].HostAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{kind.Key.Address}]" : kind.Key.Address;
                yield return $"{host}:{Range(all[first].HostPort, all[last].HostPort)}->{Range(all[first].ContainerPort, all[last].ContainerPort)}/{kind.Key.Protocol}";
                first = last + 1;
            }
        }
    }

    private static IEnumerable<string> Exposed(ContainerInfo container)
        => container.State is ContainerState.Running or ContainerState.Paused
            ? container.ExposedPorts.Where(name => !container.Ports.Any(port => port.ContainerName == name))
            : [];

    private static string Range(ushort first, ushort last)
        => first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
}
