using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A program that waits for its end, in nine bytes: what only keeps a namespace should cost no memory, and run nothing that can be broken.</summary>
internal static class KeeperProgram
{
    private static ReadOnlySpan<byte> X64 =>
    [
        0xB8, 0x22, 0x00, 0x00, 0x00, // mov eax, SYS_pause
        0x0F, 0x05,                   // syscall
        0xEB, 0xF7,                   // jmp to the first
    ];

    private static ReadOnlySpan<uint> Arm64 =>
    [
        0xD2800000, // mov x0, #0
        0xD2800001, // mov x1, #0
        0xD2800002, // mov x2, #0
        0xD2800003, // mov x3, #0
        0x52800928, // mov w8, SYS_ppoll: of nothing, for ever
        0xD4000001, // svc #0
        0x17FFFFFA, // b to the first
    ];

    public static SafeFileHandle Make()
        => TinyProgram.Make("cdock-keeper", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? MemoryMarshal.AsBytes(Arm64) : X64);
}
