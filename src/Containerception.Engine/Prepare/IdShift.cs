using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>A user namespace that only carries a container's ids to mount_setattr(2). Only ception clones, so ception makes it.</summary>
internal static class IdShift
{
    private const int NumberBytesMax = 32;

    /// <exception cref="EngineException">There is no ception, or the kernel refused.</exception>
    public static SafeFileHandle Of(IdMapping range)
    {
        string program = Programs.Find("ception") ?? throw new EngineException(
            FailureKind.NotFound, "--userns with an image needs ception, and it is neither beside cdock nor in PATH");
        (SafeFileHandle input, SafeFileHandle hold) = Pipes.Create();
        (SafeFileHandle said, SafeFileHandle output) = Pipes.Create();
        using (said)
        using (hold)
        {
            int pid;
            using (input)
            using (output)
            {
                string[] line = [program, "map-ids", Text(range.HostId), Text(range.Size)];
                pid = Spawning.PosixSpawn(program, line, RuntimeProgram.CallersEnvironment(), input, output);
            }

            try
            {
                Span<byte> number = stackalloc byte[NumberBytesMax];
                int length = FileContents.Read(said, number);
                return length > 0
                    ? Files.Open($"/proc/{Text((uint)pid)}/fd/{Encoding.ASCII.GetString(number[..length]).TrimEnd()}", OpenFlags.O_RDONLY)
                    : throw new EngineException(FailureKind.System, "ception could not make a user namespace for the image's layers");
            }
            finally
            {
                hold.Dispose();
                Waiting.Wait(pid);
            }
        }
    }

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);
}
