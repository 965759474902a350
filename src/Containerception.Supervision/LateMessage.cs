using System.Buffers.Binary;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Supervision;

/// <summary>
/// What a program is told that was started before anybody knew what it is to do, so that its start takes none of the time of who asks for it: words for its command
/// line, and descriptors. Both come over a socket of packets; where that ends without any, nothing is to be done.
/// </summary>
public static class LateMessage
{
    /// <summary>What stands in the place of the words of a command line that come later.</summary>
    public const string Verb = "later";

    /// <summary>The descriptor that is the socket.</summary>
    public const int SocketNumber = 3;

    private const char End = '\0';
    private static ReadOnlySpan<byte> Taken => "t"u8;
    private const int CountBytes = sizeof(int);

    // A packet of a unix socket is no longer than what it is given to wait in, of which this is a small part: socket(7), wmem_default.
    private const int WordsBytesMax = 64 << 10;

    /// <summary>Says what is to be done, and waits until it is taken. Descriptors get the numbers that posix_spawn(3) would have given them: 0 to 2, and then from 4 on.</summary>
    /// <returns>Whether it was taken; else nobody is there any more.</returns>
    public static bool Send(SafeFileHandle socket, IEnumerable<string> words, IReadOnlyList<SafeFileHandle> descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(words.Select(word => word + End)));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(text.Length, WordsBytesMax, nameof(words));
        byte[] packet = new byte[CountBytes + text.Length];
        text.CopyTo(packet.AsSpan(CountBytes));
        SafeFileHandle[] left = [.. descriptors];
        try
        {
            do
            {
                // Each says how many are to come, itself included.
                BinaryPrimitives.WriteInt32LittleEndian(packet, left.Length);
                int count = Math.Min(left.Length, SocketMessages.DescriptorsMax);
                SocketMessages.Send(socket, packet, left.AsSpan(..count));
                left = left[count..];
            }
            while (left.Length > 0);
            return FileContents.Read(socket, packet) == Taken.Length;
        }
        catch (LinuxException gone) when (gone.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            return false;
        }
    }

    /// <summary>Waits for it, and gives the descriptors their numbers.</summary>
    /// <returns>The words; null where nothing is to be done.</returns>
    public static string[]? Receive()
    {
        using SafeFileHandle socket = Descriptors.Take(SocketNumber);
        byte[] packet = new byte[CountBytes + WordsBytesMax];
        List<SafeFileHandle> received = [];
        int length;
        int expected;
        do
        {
            length = SocketMessages.Receive(socket, packet, out SafeFileHandle[] some, SocketMessages.DescriptorsMax);
            if (length < CountBytes)
            {
                return null;
            }

            expected = BinaryPrimitives.ReadInt32LittleEndian(packet) - some.Length;
            received.AddRange(some);
        }
        while (expected > 0);
        Place(received);
        FileContents.WriteAll(socket, Taken);
        return Encoding.UTF8.GetString(packet, CountBytes, length - CountBytes).Split(End)[..^1];
    }

    // 0 to 3 were taken, and each got the lowest number that was free then: so each is above its own, and none of those after it has that.
    private static void Place(List<SafeFileHandle> received)
    {
        for (int i = 0; i < received.Count; i++)
        {
            Descriptors.DuplicateTo(received[i], i < SocketNumber ? i : i + 1, closeOnExec: false);
            received[i].Dispose();
        }
    }
}
