using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// The program between ception and the user's: two hundred bytes in a sealed memfd that do one thing, execve(argv[0], argv + 1, envp), and
/// report its failure. What a container's program, interpreter line or loader can reach as /proc/self/exe is then this file, which nobody can
/// write, and not ception's own (CVE-2019-5736). It costs a tenth of what executing all of ception once more costs
/// (<see cref="SealedBinary"/>), but it protects only a child that nobody in the container could look into before: one that is the first of
/// its pid namespace.
/// </summary>
internal static class ExecStub
{
    /// <summary>Nobody listens: the child of create has let go of its parent.</summary>
    public const int NoReport = -1;

    /// <summary>The calls that it makes, beside execve: a container's filter must allow them.</summary>
    public static ReadOnlySpan<string> Calls => (string[])["execveat", "fcntl", "write", "exit_group"];

    // The report descriptor's number stands at 6 and 65.
    private static ReadOnlySpan<byte> X64 =>
    [
        0xB8, 0x48, 0x00, 0x00, 0x00, // mov eax, SYS_fcntl
        0xBF, 0x00, 0x00, 0x00, 0x00, // mov edi, report
        0xBE, 0x02, 0x00, 0x00, 0x00, // mov esi, F_SETFD
        0xBA, 0x01, 0x00, 0x00, 0x00, // mov edx, FD_CLOEXEC
        0x0F, 0x05,                   // syscall
        0x48, 0x8B, 0x7C, 0x24, 0x08, // mov rdi, [rsp+8]         argv[0]
        0x48, 0x8D, 0x74, 0x24, 0x10, // lea rsi, [rsp+16]        argv + 1
        0x48, 0x8B, 0x04, 0x24,       // mov rax, [rsp]           argc
        0x48, 0x8D, 0x54, 0xC4, 0x10, // lea rdx, [rsp+rax*8+16]  envp
        0xB8, 0x3B, 0x00, 0x00, 0x00, // mov eax, SYS_execve
        0x0F, 0x05,                   // syscall
        0xF7, 0xD8,                   // neg eax
        0xC1, 0xE0, 0x08,             // shl eax, 8
        0x0C, (byte)SyncMessage.ExecFailed, // or al, ExecFailed
        0x89, 0x44, 0x24, 0xF0,       // mov [rsp-16], eax
        0x48, 0x8D, 0x74, 0x24, 0xF0, // lea rsi, [rsp-16]
        0xBF, 0x00, 0x00, 0x00, 0x00, // mov edi, report
        0xBA, 0x02, 0x00, 0x00, 0x00, // mov edx, 2
        0xB8, 0x01, 0x00, 0x00, 0x00, // mov eax, SYS_write
        0x0F, 0x05,                   // syscall
        0xBF, 0x7F, 0x00, 0x00, 0x00, // mov edi, 127
        0xB8, 0xE7, 0x00, 0x00, 0x00, // mov eax, SYS_exit_group
        0x0F, 0x05,                   // syscall
        0x0F, 0x0B,                   // ud2
    ];

    /// <param name="report">The number, in the child, of the descriptor that is told of a failure; it is closed by the user's execve.</param>
    public static SafeFileHandle Make(int report)
        => TinyProgram.Make("ception-exec", RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64(report) : ForX64(report));

    private static byte[] ForX64(int report)
    {
        byte[] code = X64.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(6), report);
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(65), report);
        return code;
    }

    private static byte[] Arm64(int report)
    {
        // movz w0, #report: 16 bits, which the number of a descriptor does not exceed here.
        uint number = 0x52800000 | ((uint)(ushort)report << 5);
        ReadOnlySpan<uint> code =
        [
            0x52800328, // mov w8, SYS_fcntl
            number,     // mov w0, report
            0x52800041, // mov w1, F_SETFD
            0x52800022, // mov w2, FD_CLOEXEC
            0xD4000001, // svc #0
            0xF94007E0, // ldr x0, [sp, #8]          argv[0]
            0x910043E1, // add x1, sp, #16           argv + 1
            0xF94003E3, // ldr x3, [sp]              argc
            0x8B030C22, // add x2, x1, x3, lsl #3    envp
            0x52801BA8, // mov w8, SYS_execve
            0xD4000001, // svc #0
            0x4B0003E0, // neg w0, w0
            0x53185C00, // lsl w0, w0, #8
            0x32000800, // orr w0, w0, ExecFailed
            0xB90003E0, // str w0, [sp]
            0x910003E1, // mov x1, sp
            number,     // mov w0, report
            0x52800042, // mov w2, #2
            0x52800808, // mov w8, SYS_write
            0xD4000001, // svc #0
            0x52800FE0, // mov w0, #127
            0x52800BC8, // mov w8, SYS_exit_group
            0xD4000001, // svc #0
            0xD4200000, // brk #0
        ];
        return MemoryMarshal.AsBytes(code).ToArray();
    }
}
