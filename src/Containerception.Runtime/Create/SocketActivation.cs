using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>sd_listen_fds(3): sockets that a service manager opened, and passed to us for the container's program.</summary>
internal static class SocketActivation
{
    /// <summary>How many descriptors from 3 on are meant for us.</summary>
    public static int Count()
        => Number("LISTEN_PID") == Processes.GetPid() ? Math.Max(0, Number("LISTEN_FDS")) : 0;

    /// <summary>What the program needs to know of them. It is the first process of its pid namespace, and only the one that is named takes them.</summary>
    public static ImmutableArray<string> Variables(int count)
    {
        ImmutableArray<string> variables = [string.Create(CultureInfo.InvariantCulture, $"LISTEN_FDS={count}"), "LISTEN_PID=1"];
        return Environment.GetEnvironmentVariable("LISTEN_FDNAMES") is { Length: > 0 } names ? variables.Add($"LISTEN_FDNAMES={names}") : variables;
    }

    private static int Number(string name)
        => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
