using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

public sealed class DeviceProgramTests
{
    private const int Block = 1;
    private const int Char = 2;
    private const int Make = 1;
    private const int Read = 2;
    private const int Write = 4;

    [Fact]
    public void The_last_rule_that_matches_decides()
    {
        BpfInstruction[] program = DeviceProgram.Compile(
        [
            PlanTests.Deny(), PlanTests.Allow("c", null, null, "rwm"), PlanTests.Deny("c", 1, 3, "w"), PlanTests.Allow("b", 8, 0, "r"), PlanTests.Allow("b", 8, 0, "w"),
        ]);

        Assert.True(Ask(program, Char, 5, 5, Read | Write));
        Assert.True(Ask(program, Char, 1, 3, Read));
        Assert.False(Ask(program, Char, 1, 3, Write));
        Assert.False(Ask(program, Char, 1, 3, Read | Write));
        Assert.True(Ask(program, Block, 8, 0, Read | Write));
        Assert.False(Ask(program, Block, 8, 0, Make));
        Assert.False(Ask(program, Block, 8, 1, Read));
    }

    [Fact]
    public void The_kernels_verifier_takes_every_shape_of_rules()
    {
        Needs.Root();
        DeviceRule[][] lists =
        [
            [PlanTests.Deny()],
            [PlanTests.Allow(null, null, null, null)],
            [PlanTests.Allow("a", 1, null, "r")],
            [PlanTests.Allow("c", 1, 3, "rwm"), PlanTests.Allow(null, null, null, null), PlanTests.Deny("b", 8, 0, "m")],
            [PlanTests.Deny(), .. Enumerable.Range(0, 200).Select(n => PlanTests.Allow("c", n, n, "rw"))],
        ];

        foreach (DeviceRule[] rules in lists)
        {
            Bpf.Load(BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, DeviceProgram.Compile(rules), "Apache-2.0").Dispose();
        }
    }

    // The few instructions that the compiler writes, as bpf(2) defines them.
    private static bool Ask(BpfInstruction[] program, int kind, uint major, uint minor, int access)
    {
        long[] registers = new long[11];
        for (int position = 0; ; position++)
        {
            BpfInstruction instruction = program[position];
            int destination = instruction.registers & 0xF;
            switch (instruction.code)
            {
                case 0x61:
                    registers[destination] = instruction.off switch { 0 => kind | (access << 16), 4 => major, _ => minor };
                    break;
                case 0xB7:
                    registers[destination] = instruction.imm;
                    break;
                case 0xBF:
                    registers[destination] = registers[instruction.registers >> 4];
                    break;
                case 0x57:
                    registers[destination] &= instruction.imm;
                    break;
                case 0x77:
                    registers[destination] >>= instruction.imm;
                    break;
                case 0x05:
                    position += instruction.off;
                    break;
                case 0x55:
                    position += registers[destination] != instruction.imm ? instruction.off : 0;
                    break;
                case 0x45:
                    position += (registers[destination] & instruction.imm) != 0 ? instruction.off : 0;
                    break;
                case 0x95:
                    return registers[0] == 1;
                default:
                    throw new InvalidOperationException($"instruction {position} has code 0x{instruction.code:x}");
            }
        }
    }
}
