using System.Net;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>A port of the machine, and where in a container it leads: <c>tcp 0.0.0.0:8080 172.17.0.2:80</c>, the key by which its socket is held.</summary>
internal sealed record RelayedPort(bool IsStream, InternetAddress Host, InternetAddress Target)
{
    /// <summary>Whether a key says where its port leads; of others the kernel knows.</summary>
    public static bool Is(string key) => key.Split(' ').Length == 3;

    /// <exception cref="FormatException">It is something else.</exception>
    public static RelayedPort Parse(string key)
    {
        if (key.Split(' ') is ["tcp" or "udp", string host, string target] words && IPEndPoint.TryParse(host, out IPEndPoint? at) && IPEndPoint.TryParse(target, out IPEndPoint? end))
        {
            return new RelayedPort(words[0] == "tcp", new InternetAddress(at.Address, (ushort)at.Port), new InternetAddress(end.Address, (ushort)end.Port));
        }

        throw new FormatException($"\"{key}\" is no port that can be relayed");
    }
}
