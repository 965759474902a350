using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cgroups;

// Version 2 has no list of devices: the kernel asks an eBPF program of the type BPF_PROG_TYPE_CGROUP_DEVICE, which is given
//
//      struct bpf_cgroup_dev_ctx { __u32 access_type;   the low half is the kind, the high half the wanted access
//                                  __u32 major; __u32 minor; }
//
// and returns 1 for yes. The rules are laid out from the last to the first, so that the first that matches decides. One open can want read
// and write at once, and two rules can share that out: r3 keeps what is still wanted, an allow takes away from it, and when nothing is left
// the answer is yes. A deny that meets anything still wanted is no; so is the end of the list.

/// <summary>Compiles device rules into the program that cgroup v2 asks. bpf(2), linux/bpf.h.</summary>
internal static class DeviceProgram
{
    private const int BPF_DEVCG_DEV_BLOCK = 1;
    private const int BPF_DEVCG_DEV_CHAR = 2;

    private const byte LoadWord = 0x61;          // BPF_LDX | BPF_MEM | BPF_W
    private const byte Move = 0xB7;              // BPF_ALU64 | BPF_MOV | BPF_K
    private const byte MoveRegister = 0xBF;      // BPF_ALU64 | BPF_MOV | BPF_X
    private const byte And = 0x57;               // BPF_ALU64 | BPF_AND | BPF_K
    private const byte ShiftRight = 0x77;        // BPF_ALU64 | BPF_RSH | BPF_K
    private const byte Jump = 0x05;              // BPF_JMP | BPF_JA
    private const byte JumpNotEqual = 0x55;      // BPF_JMP | BPF_JNE | BPF_K
    private const byte JumpIfSet = 0x45;         // BPF_JMP | BPF_JSET | BPF_K
    private const byte Exit = 0x95;              // BPF_JMP | BPF_EXIT

    private const byte Result = 0;
    private const byte Context = 1;
    private const byte Kind = 2;
    private const byte Wanted = 3;
    private const byte Major = 4;
    private const byte Minor = 5;

    /// <summary>The instructions, struct bpf_insn each; empty when there are no rules, and nothing is to be asked.</summary>
    public static BpfInstruction[] Compile(IReadOnlyList<DeviceRule> rules)
    {
        if (rules.Count == 0)
        {
            return [];
        }

        List<BpfInstruction> code =
        [
            Instruction(LoadWord, Kind, Context, 0, 0),
            Instruction(MoveRegister, Wanted, Kind, 0, 0),
            Instruction(And, Kind, 0, 0, 0xFFFF),
            Instruction(ShiftRight, Wanted, 0, 0, 16),
            Instruction(LoadWord, Major, Context, 4, 0),
            Instruction(LoadWord, Minor, Context, 8, 0),
        ];

        int index = rules.Count - 1;
        DeviceMatch rule = default;
        for (; index >= 0 && !(rule = DeviceMatch.Read(rules[index], index)).IsEverything; index--)
        {
            AddRule(code, rule);
        }

        // A rule for everything ends the program: nothing before it can be reached, and the verifier refuses what cannot be. Reading on is
        // for the errors in it.
        bool otherwise = index >= 0 && rule.Allow;
        for (index--; index >= 0; index--)
        {
            _ = DeviceMatch.Read(rules[index], index);
        }

        Return(code, otherwise);
        return [.. code];
    }

    private static void AddRule(List<BpfInstruction> code, DeviceMatch rule)
    {
        // The tests first, each with a jump over what follows to the next rule.
        List<(byte Register, int Value)> tests = [];
        if (rule.Kind != 'a')
        {
            tests.Add((Kind, rule.Kind == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK));
        }

        if (rule.Major is { } major)
        {
            tests.Add((Major, (int)major));
        }

        if (rule.Minor is { } minor)
        {
            tests.Add((Minor, (int)minor));
        }

        const int VerdictLength = 4;
        for (int index = 0; index < tests.Count; index++)
        {
            int left = tests.Count - index - 1;
            code.Add(Instruction(JumpNotEqual, tests[index].Register, 0, left + VerdictLength, tests[index].Value));
        }

        if (rule.Allow)
        {
            code.Add(Instruction(And, Wanted, 0, 0, (int)(DeviceAccess.All & ~rule.Access)));
            code.Add(Instruction(JumpNotEqual, Wanted, 0, 2, 0));
        }
        else
        {
            code.Add(Instruction(JumpIfSet, Wanted, 0, 1, (int)rule.Access));
            code.Add(Instruction(Jump, 0, 0, 2, 0));
        }

        Return(code, rule.Allow);
    }

    private static void Return(List<BpfInstruction> code, bool allow)
    {
        code.Add(Instruction(Move, Result, 0, 0, allow ? 1 : 0));
        code.Add(Instruction(Exit, 0, 0, 0, 0));
    }

    private static BpfInstruction Instruction(byte code, byte destination, byte source, int offset, int value)
        => new() { code = code, registers = (byte)(destination | (source << 4)), off = (short)offset, imm = value };
}
