using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Containerception.Linux;
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

    private const int HeaderSize = 64;
    private const int SegmentSize = 56;
    private const int CodeOffset = HeaderSize + (2 * SegmentSize);
    private const ulong Address = 0x400000;
    private const Seals All = Seals.F_SEAL_SEAL | Seals.F_SEAL_SHRINK | Seals.F_SEAL_GROW | Seals.F_SEAL_WRITE;

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
    {
        byte[] code = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64(report) : ForX64(report);
        byte[] file = new byte[CodeOffset + code.Length];
        WriteHeaders(file, code.Length);
        code.CopyTo(file, CodeOffset);
        SafeFileHandle stub = MemoryFiles.CreateExecutable("ception-exec");
        FileContents.WriteAll(stub, file);
        MemoryFiles.AddSeals(stub, All);
        return stub;
    }

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

    /// <summary>elf(5): an executable with one segment to load, and one that says that the stack is not executable.</summary>
    private static void WriteHeaders(Span<byte> file, int codeLength)
    {
        const ushort ET_EXEC = 2;
        const uint PT_LOAD = 1;
        const uint PT_GNU_STACK = 0x6474E551;
        const uint PF_RX = 5;
        const uint PF_RW = 6;
        ushort machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (ushort)183 : (ushort)62;
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], ET_EXEC);
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], Address + CodeOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 2);
        WriteSegment(file[HeaderSize..], PT_LOAD, PF_RX, Address, (ulong)(CodeOffset + codeLength));
        WriteSegment(file[(HeaderSize + SegmentSize)..], PT_GNU_STACK, PF_RW, 0, 0);
    }

    private static void WriteSegment(Span<byte> header, uint type, uint flags, ulong address, ulong size)
    {
        const ulong Alignment = 0x10000;
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], flags);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], size);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], size);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], Alignment);
    }
}
