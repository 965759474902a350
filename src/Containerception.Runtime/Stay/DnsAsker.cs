using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Somebody who asked a question, and may be gone when the answer comes.</summary>
internal abstract class DnsAsker
{
    /// <summary>By a stream: what does not fit into a datagram is wanted whole.</summary>
    public abstract bool IsStream { get; }

    /// <summary>Gives the one answer.</summary>
    public abstract void Answer(ReadOnlySpan<byte> message);
}

/// <summary>One who asked by a datagram, and asks again when an answer is lost.</summary>
internal sealed class DatagramAsker(SafeFileHandle socket, InternetAddress from) : DnsAsker
{
    public override bool IsStream => false;

    public override void Answer(ReadOnlySpan<byte> message)
    {
        try
        {
            InternetSockets.TrySend(socket, message, from);
        }
        catch (LinuxException)
        {
            // A container that takes its own loopback down hears nothing.
        }
    }
}
