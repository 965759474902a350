using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// A program between ception and what is to run as root of the user's namespace. Only a process with one thread may join a user namespace, and
/// a .NET program has a second one for finalizers; a child could join, but would be another process than the caller waits for. So ception
/// becomes this, which does setns(namespace, CLONE_NEWUSER), unshare(CLONE_NEWNS), mount(NULL, "/", NULL, MS_SLAVE|MS_REC, NULL) and
/// execve(argv[0], argv + 1, envp), or tells the errno and ends with 125.
/// </summary>
internal static class EnterProgram
{
    private const string Words = "cdock: the user namespace of this user cannot be entered: errno ";

    // The namespace's number stands at 1 and 22. What is mounted outside later still appears: a slave.
    private static ReadOnlySpan<byte> X64 =>
    [
        0xBF, 0x00, 0x00, 0x00, 0x00,              // mov edi, namespace
        0xBE, 0x00, 0x00, 0x00, 0x10,              // mov esi, CLONE_NEWUSER
        0xB8, 0x34, 0x01, 0x00, 0x00,              // mov eax, SYS_setns
        0x0F, 0x05,                                // syscall
        0x85, 0xC0,                                // test eax, eax
        0x78, 0x55,                                // js failed
        0xBF, 0x00, 0x00, 0x00, 0x00,              // mov edi, namespace
        0xB8, 0x03, 0x00, 0x00, 0x00,              // mov eax, SYS_close
        0x0F, 0x05,                                // syscall
        0xBF, 0x00, 0x00, 0x02, 0x00,              // mov edi, CLONE_NEWNS
        0xB8, 0x10, 0x01, 0x00, 0x00,              // mov eax, SYS_unshare
        0x0F, 0x05,                                // syscall
        0x85, 0xC0,                                // test eax, eax
        0x78, 0x39,                                // js failed
        0x31, 0xFF,                                // xor edi, edi
        0x48, 0x8D, 0x35, 0x7E, 0x00, 0x00, 0x00,  // lea rsi, [rip+slash]
        0x31, 0xD2,                                // xor edx, edx
        0x41, 0xBA, 0x00, 0x40, 0x08, 0x00,        // mov r10d, MS_SLAVE|MS_REC
        0x45, 0x31, 0xC0,                          // xor r8d, r8d
        0xB8, 0xA5, 0x00, 0x00, 0x00,              // mov eax, SYS_mount
        0x0F, 0x05,                                // syscall
        0x85, 0xC0,                                // test eax, eax
        0x78, 0x1A,                                // js failed
        0x48, 0x8B, 0x7C, 0x24, 0x08,              // mov rdi, [rsp+0x8]       argv[0]
        0x48, 0x8D, 0x74, 0x24, 0x10,              // lea rsi, [rsp+0x10]      argv + 1
        0x48, 0x8B, 0x04, 0x24,                    // mov rax, [rsp]           argc
        0x48, 0x8D, 0x54, 0xC4, 0x10,              // lea rdx, [rsp+rax*8+0x10]  envp
        0xB8, 0x3B, 0x00, 0x00, 0x00,              // mov eax, SYS_execve
        0x0F, 0x05,                                // syscall
        0xF7, 0xD8,                                // neg eax               failed: the errno has two digits
        0x31, 0xD2,                                // xor edx, edx
        0xB9, 0x0A, 0x00, 0x00, 0x00,              // mov ecx, 0xa
        0xF7, 0xF1,                                // div ecx
        0xC1, 0xE2, 0x08,                          // shl edx, 0x8
        0x8D, 0x84, 0x10, 0x30, 0x30, 0x0A, 0x00,  // lea eax, [rax+rdx*1+0xa3030]
        0x89, 0x44, 0x24, 0xF0,                    // mov [rsp-0x10], eax
        0xBF, 0x02, 0x00, 0x00, 0x00,              // mov edi, 0x2
        0x48, 0x8D, 0x35, 0x2B, 0x00, 0x00, 0x00,  // lea rsi, [rip+words]
        0xBA, 0x40, 0x00, 0x00, 0x00,              // mov edx, 0x40
        0xB8, 0x01, 0x00, 0x00, 0x00,              // mov eax, SYS_write
        0x0F, 0x05,                                // syscall
        0x48, 0x8D, 0x74, 0x24, 0xF0,              // lea rsi, [rsp-0x10]
        0xBA, 0x03, 0x00, 0x00, 0x00,              // mov edx, 0x3
        0xB8, 0x01, 0x00, 0x00, 0x00,              // mov eax, SYS_write
        0x0F, 0x05,                                // syscall
        0xBF, 0x7D, 0x00, 0x00, 0x00,              // mov edi, 0x7d
        0xB8, 0xE7, 0x00, 0x00, 0x00,              // mov eax, SYS_exit_group
        0x0F, 0x05,                                // syscall
    ];

    /// <param name="descriptor">The number of a pidfd or a namespace's descriptor that the program inherits; it closes it.</param>
    public static SafeFileHandle Make(int descriptor)
    {
        byte[] code = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64(descriptor) : ForX64(descriptor);
        return TinyProgram.Make("cdock-enter", [.. code, .. Encoding.ASCII.GetBytes(Words)]);
    }

    private static byte[] ForX64(int descriptor)
    {
        byte[] code = [.. X64, .. "/\0"u8];
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(1), descriptor);
        BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(22), descriptor);
        return code;
    }

    private static byte[] Arm64(int descriptor)
    {
        // movz w0, #descriptor: 16 bits, which the number of a descriptor does not exceed here.
        uint number = 0x52800000 | ((uint)(ushort)descriptor << 5);
        ReadOnlySpan<uint> code =
        [
            number,     // mov w0, namespace
            0x52A20001, // mov w1, CLONE_NEWUSER
            0x52802188, // mov w8, SYS_setns
            0xD4000001, // svc #0
            0x37F802E0, // tbnz w0, #31, failed
            number,     // mov w0, namespace
            0x52800728, // mov w8, SYS_close
            0xD4000001, // svc #0
            0x52A00040, // mov w0, CLONE_NEWNS
            0x52800C28, // mov w8, SYS_unshare
            0xD4000001, // svc #0
            0x37F80200, // tbnz w0, #31, failed
            0xAA1F03E0, // mov x0, xzr
            0x10000481, // adr x1, slash
            0xAA1F03E2, // mov x2, xzr
            0x52880003, // mov w3, MS_REC
            0x72A00103, // movk w3, MS_SLAVE >> 16, lsl #16
            0xAA1F03E4, // mov x4, xzr
            0x52800508, // mov w8, SYS_mount
            0xD4000001, // svc #0
            0x37F800E0, // tbnz w0, #31, failed
            0xF94007E0, // ldr x0, [sp, #8]  argv[0]
            0x910043E1, // add x1, sp, #16   argv + 1
            0xF94003E3, // ldr x3, [sp]      argc
            0x8B030C22, // add x2, x1, x3, lsl #3  envp
            0x52801BA8, // mov w8, SYS_execve
            0xD4000001, // svc #0
            0x4B0003E9, // neg w9, w0        failed: the errno has two digits
            0x5280014A, // mov w10, #10
            0x1ACA092B, // udiv w11, w9, w10
            0x1B0AA56C, // msub w12, w11, w10, w9
            0x0B0C216B, // add w11, w11, w12, lsl #8
            0x5286060D, // mov w13, #12336
            0x72A0014D, // movk w13, #10, lsl #16
            0x0B0D016B, // add w11, w11, w13
            0xB90003EB, // str w11, [sp]
            0x52800040, // mov w0, #2
            0x100001A1, // adr x1, words
            0x52800802, // mov w2, #64
            0x52800808, // mov w8, SYS_write
            0xD4000001, // svc #0
            0x52800040, // mov w0, #2
            0x910003E1, // mov x1, sp
            0x52800062, // mov w2, #3
            0x52800808, // mov w8, SYS_write
            0xD4000001, // svc #0
            0x52800FA0, // mov w0, #125
            0x52800BC8, // mov w8, SYS_exit_group
            0xD4000001, // svc #0
            0x0000002F, // "/"
        ];
        return MemoryMarshal.AsBytes(code).ToArray();
    }
}
