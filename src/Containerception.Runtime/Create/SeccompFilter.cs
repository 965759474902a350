using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Seccomp;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>linux.seccomp, compiled for the child; and the way of a notifying filter's descriptor to its listener.</summary>
/// <param name="Instructions">An array of struct sock_filter.</param>
/// <param name="Flags">For seccomp(2).</param>
/// <param name="AllowsStub">As <see cref="Sealing.AllowsStub"/> says.</param>
/// <param name="ListenerPath">The socket that is sent the descriptor of a filter with SCMP_ACT_NOTIFY; null when none notifies.</param>
/// <param name="ListenerMetadata">What is sent along.</param>
internal sealed record SeccompFilter(ReadOnlyMemory<byte> Instructions, SeccompFilterFlags Flags, bool AllowsStub, string? ListenerPath, string? ListenerMetadata)
{
    /// <summary>The child is about to make the one call that gives the number; it takes microseconds.</summary>
    private const int WaitSpinsMax = 10_000_000;

    /// <summary>crun's, for the listener where neither the profile nor an annotation names one.</summary>
    private const string ReceiverVariable = "RUN_OCI_SECCOMP_RECEIVER";

    public bool Notifies => ListenerPath is not null;

    /// <param name="config">The configuration, as it was read.</param>
    /// <param name="root">The state directory, which keeps what was compiled: the next container with the same profile is spared that.</param>
    /// <returns>Null when the configuration has no filter.</returns>
    public static SeccompFilter? Compile(RuntimeConfig config, string root)
    {
        SeccompConfig? profile = config.Linux?.Seccomp;
        if (config.Annotations.TryGetValue(RuntimeAnnotations.SeccompBpfData, out string? data))
        {
            return Decode(data, profile);
        }

        if (profile is null)
        {
            return null;
        }

        try
        {
            profile = profile with { ListenerPath = ListenerOf(profile, config.Annotations) };
            bool refuseUnknown = config.Annotations.TryGetValue(RuntimeAnnotations.SeccompFailUnknown, out string? fail) && fail != "0";
            FilterCache cache = new(root, profile, refuseUnknown);
            if (cache.TryLoad() is not { } filter)
            {
                filter = new KeptFilter(SeccompCompiler.Compile(profile, refuseUnknown), Sealing.AllowsStub(profile));
                cache.Save(filter);
            }

            SeccompProgram program = filter.Program;
            SeccompFilterFlags flags = program.Notifies ? program.Flags | SeccompFilterFlags.SECCOMP_FILTER_FLAG_NEW_LISTENER : program.Flags;
            return new SeccompFilter(program.Instructions, flags, filter.AllowsStub, program.Notifies ? profile.ListenerPath : null, profile.ListenerMetadata);
        }
        catch (SeccompException failure)
        {
            throw new ContainerException(FailureKind.Invalid, failure.Message, cause: failure);
        }
    }

    /// <summary>
    /// What the caller has compiled stands in the place of linux.seccomp, as with crun: it may allow all. So the annotation is one of those that an
    /// engine is told not to take from an image.
    /// </summary>
    private static SeccompFilter Decode(string data, SeccompConfig? profile)
    {
        try
        {
            SeccompProgram program = SeccompCompiler.Take(Convert.FromBase64String(data), profile);
            return new SeccompFilter(program.Instructions, program.Flags, AllowsStub: false, null, null);
        }
        catch (FormatException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"annotations.{RuntimeAnnotations.SeccompBpfData}: {failure.Message}", cause: failure);
        }
    }

    private static string? ListenerOf(SeccompConfig profile, ImmutableSortedDictionary<string, string> annotations)
    {
        if (profile.ListenerPath is { Length: > 0 } || annotations.ContainsKey(RuntimeAnnotations.SeccompReceiver))
        {
            return profile.ListenerPath is { Length: > 0 } path ? path : annotations[RuntimeAnnotations.SeccompReceiver];
        }

        string? variable = Environment.GetEnvironmentVariable(ReceiverVariable);
        return string.IsNullOrEmpty(variable) || variable.StartsWith('/')
            ? variable
            : throw new ContainerException(FailureKind.Invalid, $"{ReceiverVariable}: the seccomp receiver {variable} is not an absolute path");
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
        using Utf8JsonWriter json = new(buffer, JsonEscaping.Line);
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
