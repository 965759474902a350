using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// User namespaces with a container's ids: for mount_setattr(2), and to own a network namespace that is connected before the container is made.
/// Only ception clones, so ception makes them.
/// </summary>
internal static class MappedUsers
{
    private const int NumbersBytesMax = 64;

    /// <summary>A user namespace.</summary>
    /// <exception cref="EngineException">There is no ception, or the kernel refused.</exception>
    public static SafeFileHandle Make(UserRange range) => Open(range, [])[0];

    /// <summary>A user namespace, and a network namespace that belongs to it.</summary>
    /// <exception cref="EngineException">There is no ception, or the kernel refused.</exception>
    public static (SafeFileHandle User, SafeFileHandle Network) MakeWithNetwork(UserRange range)
        => Open(range, ["--net"]) is [var user, var network] ? (user, network) : throw new System.Diagnostics.UnreachableException();

    private static SafeFileHandle[] Open(UserRange range, string[] flags)
    {
        string program = Programs.Find("ception") ?? throw new EngineException(
            FailureKind.NotFound, "--userns needs ception, and it is neither beside cdock nor in PATH");
        (SafeFileHandle input, SafeFileHandle hold) = Pipes.Create();
        (SafeFileHandle said, SafeFileHandle output) = Pipes.Create();
        using (said)
        using (hold)
        {
            int pid;
            using (input)
            using (output)
            {
                string[] line = [program, "map-ids", .. flags, Text(range.Users), Text(range.Groups)];
                pid = Spawning.PosixSpawn(program, line, RuntimeProgram.CallersEnvironment(), input, output);
            }

            try
            {
                Span<byte> numbers = stackalloc byte[NumbersBytesMax];
                int length = FileContents.Read(said, numbers);
                return length > 0
                    ? [.. Encoding.ASCII.GetString(numbers[..length]).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
                        .Select(number => Files.Open($"/proc/{Text((uint)pid)}/fd/{number}", OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC))]
                    : throw new EngineException(FailureKind.System, "ception could not make a user namespace for the container's ids");
            }
            finally
            {
                hold.Dispose();
                Waiting.Wait(pid);
            }
        }
    }

    private static string Text(IEnumerable<IdMapping> map) => string.Join(',', map.Select(one => $"{one.ContainerId}:{one.HostId}:{one.Size}"));

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);
}
