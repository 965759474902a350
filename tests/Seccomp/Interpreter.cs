using System.Buffers.Binary;

namespace Containerception.Seccomp.Tests;

/// <summary>Runs a filter as the kernel does: classic BPF over struct seccomp_data, and nothing more of it than filters may use.</summary>
internal static class Interpreter
{
    public const uint X86 = 0x4000_0003;
    public const uint X86_64 = 0xC000_003E;
    public const uint Aarch64 = 0xC000_00B7;

    public static uint Run(SeccompProgram program, uint architecture, uint number, params ulong[] arguments)
    {
        byte[] data = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), architecture);
        for (int index = 0; index < arguments.Length; index++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(16 + (8 * index)), arguments[index]);
        }

        return Run(program.Instructions.Span, data);
    }

    private static uint Run(ReadOnlySpan<byte> program, byte[] data)
    {
        uint accumulator = 0;
        int position = 0;
        while (true)
        {
            ReadOnlySpan<byte> instruction = program.Slice(position * 8, 8);
            ushort code = BinaryPrimitives.ReadUInt16LittleEndian(instruction);
            uint constant = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            position++;
            switch (code)
            {
                case 0x20:
                    accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)constant));
                    break;
                case 0x54:
                    accumulator &= constant;
                    break;
                case 0x05:
                    position += (int)constant;
                    break;
                case 0x15:
                    position += accumulator == constant ? instruction[2] : instruction[3];
                    break;
                case 0x25:
                    position += accumulator > constant ? instruction[2] : instruction[3];
                    break;
                case 0x35:
                    position += accumulator >= constant ? instruction[2] : instruction[3];
                    break;
                case 0x45:
                    position += (accumulator & constant) != 0 ? instruction[2] : instruction[3];
                    break;
                case 0x06:
                    return constant;
                default:
                    throw new InvalidOperationException($"instruction {position - 1} has code 0x{code:x}");
            }
        }
    }
}
