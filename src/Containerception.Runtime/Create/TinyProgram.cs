using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>elf(5): machine code as a program, in a memfd that nobody can write any more. It has one segment to load, and says that its stack is not executable.</summary>
internal static class TinyProgram
{
    private const int HeaderSize = 64;
    private const int SegmentSize = 56;
    private const int CodeOffset = HeaderSize + (2 * SegmentSize);
    private const ulong Address = 0x400000;
    private const Seals All = Seals.F_SEAL_SEAL | Seals.F_SEAL_SHRINK | Seals.F_SEAL_GROW | Seals.F_SEAL_WRITE;

    /// <param name="name">As /proc shows it.</param>
    /// <param name="code">Of this machine's architecture, begun at its first byte.</param>
    public static SafeFileHandle Make(string name, ReadOnlySpan<byte> code)
    {
        byte[] file = new byte[CodeOffset + code.Length];
        WriteHeaders(file, code.Length);
        code.CopyTo(file.AsSpan(CodeOffset));
        SafeFileHandle program = MemoryFiles.CreateExecutable(name);
        FileContents.WriteAll(program, file);
        MemoryFiles.AddSeals(program, All);
        return program;
    }

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
