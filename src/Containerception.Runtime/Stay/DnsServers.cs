using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// The host's resolvers. One that did not answer is asked last for a while: else each question would wait for it. For a while only, because the first
/// may know names that the others do not.
/// </summary>
internal sealed class DnsServers
{
    // As many as resolv.conf(5) has: MAXNS.
    private const int CountMax = 3;
    private const ushort Port = 53;

    private static readonly TimeSpan AvoidedFor = TimeSpan.FromSeconds(30);

    private readonly InternetAddress[] _addresses;
    private readonly long[] _silentUntil;

    /// <exception cref="FormatException">One is no address.</exception>
    public DnsServers(ImmutableArray<string> servers)
    {
        _addresses = [.. servers.Take(CountMax).Select(server => new InternetAddress(IPAddress.Parse(server), Port))];
        _silentUntil = new long[_addresses.Length];
    }

    /// <summary>The next to ask, of those that are not among the asked; -1 when all are.</summary>
    public int Next(int asked)
    {
        int best = -1;
        for (int i = 0; i < _addresses.Length; i++)
        {
            if ((asked & (1 << i)) == 0 && (best < 0 || (IsAvoided(best) && !IsAvoided(i))))
            {
                best = i;
            }
        }

        return best;
    }

    public InternetAddress AddressOf(int server) => _addresses[server];

    public void Answered(int server) => _silentUntil[server] = 0;

    public void WasSilent(int server) => _silentUntil[server] = Stopwatch.GetTimestamp() + (long)(AvoidedFor.TotalSeconds * Stopwatch.Frequency);

    private bool IsAvoided(int server) => _silentUntil[server] > Stopwatch.GetTimestamp();
}
