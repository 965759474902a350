using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>config.json's <c>linux.seccomp</c>.</summary>
internal static class SeccompReader
{
    public static SeccompConfig Read(ConfigNode seccomp) => new()
    {
        Json = seccomp.Json(),
        DefaultAction = seccomp.RequiredText("defaultAction"),
        DefaultErrnoRet = seccomp.UInt("defaultErrnoRet"),
        Architectures = seccomp.Texts("architectures"),
        Flags = seccomp.TextsOrNull("flags"),
        ListenerPath = seccomp.Text("listenerPath") is { Length: > 0 } path ? path : null,
        ListenerMetadata = seccomp.Text("listenerMetadata"),
    };

    /// <param name="seccomp">The whole section; empty where there is none.</param>
    public static ImmutableArray<SeccompSyscall> ReadSyscalls(ReadOnlyMemory<byte> seccomp)
        => seccomp.IsEmpty ? [] : ConfigDocument.Read(seccomp, "linux.seccomp", static node => node.Objects("syscalls", ReadSyscall));

    private static SeccompSyscall ReadSyscall(ConfigNode syscall) => new()
    {
        Names = syscall.Texts("names"),
        Action = syscall.RequiredText("action"),
        ErrnoRet = syscall.UInt("errnoRet"),
        Args = syscall.Objects("args", ReadArg),
    };

    private static SeccompArg ReadArg(ConfigNode arg) => new()
    {
        Index = arg.UInt("index") ?? 0,
        Value = arg.ULong("value") ?? 0,
        ValueTwo = arg.ULong("valueTwo") ?? 0,
        Op = arg.RequiredText("op"),
    };
}
