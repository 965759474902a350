using System.Buffers;
using System.Text.Json;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Seccomp;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>linux.seccomp, compiled for the child; and the way of a notifying filter's descriptor to its listener.</summary>
/// <param name="Instructions">An array of struct sock_filter.</param>
/// <param name="Flags">For seccomp(2).</param>
/// <param name="ListenerPath">The socket that is sent the descriptor of a filter with SCMP_ACT_NOTIFY; null when none notifies.</param>
/// <param name="ListenerMetadata">What is sent along.</param>
internal sealed record SeccompFilter(byte[] Instructions, SeccompFilterFlags Flags, string? ListenerPath, string? ListenerMetadata)
{
    /// <summary>The child is about to make the one call that gives the number; it takes microseconds.</summary>
    private const int WaitSpinsMax = 10_000_000;

    public bool Notifies => ListenerPath is not null;

    /// <returns>Null when the configuration has no filter.</returns>
    public static SeccompFilter? Compile(SeccompConfig? config)
    {
        if (config is null)
        {
            return null;
        }

        try
        {
            SeccompProgram program = SeccompCompiler.Compile(config);
            SeccompFilterFlags flags = program.Notifies ? program.Flags | SeccompFilterFlags.SECCOMP_FILTER_FLAG_NEW_LISTENER : program.Flags;
            return new SeccompFilter(program.Instructions.ToArray(), flags, program.Notifies ? config.ListenerPath : null, config.ListenerMetadata);
        }
        catch (SeccompException failure)
        {
            throw new ContainerException(FailureKind.Invalid, failure.Message, cause: failure);
        }
    }

    /// <summary>
    /// Takes the descriptor out of the child and sends it on. The filter may trap whatever the child would tell us with, so the child says
    /// nothing: its number appears in the memory that we share.
    /// </summary>
    public void SendListener(InitChild child, CompiledProgram program, Slot listener, SavedState state)
    {
        SpinWait spin = default;
        nint number;
        while ((number = program.SlotValue(listener)) < 0)
        {
            if (program.Failure() is { } failure)
            {
                throw failure;
            }

            if (spin.Count > WaitSpinsMax)
            {
                throw new ContainerException(FailureKind.System, "the container's init did not load its seccomp filter");
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }

        using SafeFileHandle descriptor = Processes.PidfdGetFd(child.Pidfd, (int)number);
        CallerSockets.Send(ListenerPath!, Document(state, child.Pid), descriptor);
        child.Go();
    }

    /// <summary>runtime-spec, config-linux.md, "The Container Process State".</summary>
    private string Document(SavedState state, int pid)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("ociVersion", state.OciVersion);
        json.WriteStartArray("fds");
        json.WriteStringValue("seccompFd");
        json.WriteEndArray();
        json.WriteNumber("pid", pid);
        if (ListenerMetadata is not null)
        {
            json.WriteString("metadata", ListenerMetadata);
        }

        json.WritePropertyName("state");
        json.WriteRawValue(StateDocument.Write(state, "creating", pid));
        json.WriteEndObject();
        json.Flush();
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
