using System.Net;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>A port of the machine, and where in a container it leads: <c>tcp 0.0.0.0:8080 172.17.0.2:80</c>, the key by which its socket is held.</summary>
internal sealed record RelayedPort(bool IsStream, InternetAddress Target)
{
    /// <exception cref="FormatException">It is something else.</exception>
    public static RelayedPort Parse(string key)
    {
        if (key.Split(' ') is ["tcp" or "udp", _, string target] words && IPEndPoint.TryParse(target, out IPEndPoint? end))
        {
            return new RelayedPort(words[0] == "tcp", new InternetAddress(end.Address, (ushort)end.Port));
        }

        throw new FormatException($"\"{key}\" is no port that can be relayed");
    }
}
