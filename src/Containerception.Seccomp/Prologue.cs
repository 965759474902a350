using System.Buffers.Binary;

namespace Containerception.Seccomp;

/// <summary>A rule for a call that libseccomp does not know.</summary>
internal readonly record struct NewRule(uint Number, SeccompAction Action);

// Why: a filter that answers EPERM to everything it does not list breaks programs when the kernel or libc gets younger than the profile.
// glibc tries the newest call first and falls back on ENOSYS only, so EPERM from "unknown" is an error to the user (clone3, faccessat2,
// fchmodat2 and statx each broke containers this way). A number above the highest that the profile names is not something its author
// forbade, it is something he had not heard of: that gets ENOSYS. A number below it that is not named was left out on purpose: that gets
// the default action.
//
// How: instructions in front of libseccomp's program, so that its output stays as it is. One section for each architecture:
//
//          ld  arch
//          jeq X86_64        else next section
//          ld  nr
//          jge 0x40000000    then the x32 section (the kernel gives both the same arch)
//          jgt highest number that libseccomp has a rule for
//      no:   ja  filter                                  the usual case: five instructions
//      yes:  jeq 452 → ret ALLOW                         rules for calls that libseccomp does not know, each in turn
//            jgt highest number named → ret ENOSYS
//            ja  filter
//          next section
//      filter: libseccomp's program

/// <summary>What is put in front of libseccomp's program: rules for calls too new for it, and ENOSYS for calls too new for the profile.</summary>
internal sealed class Prologue(IReadOnlyList<NewRule> rules, bool refuseNewer)
{
    private const ushort LoadAbsolute = 0x20;
    private const ushort JumpAlways = 0x05;
    private const ushort JumpEqual = 0x15;
    private const ushort JumpGreater = 0x25;
    private const ushort JumpGreaterOrEqual = 0x35;
    private const ushort Return = 0x06;

    // struct seccomp_data: int nr; __u32 arch; …
    private const uint NumberOffset = 0;
    private const uint ArchOffset = 4;

    private const uint X32Bit = 0x4000_0000;

    /// <summary>A mark for "to libseccomp's program", whose distance is not known yet.</summary>
    private const uint ToFilter = uint.MaxValue;

    private readonly List<Instruction> _code = [];

    /// <summary>Adds an architecture, with the highest number that the profile names there and libseccomp knows. Not for x86-64 and x32.</summary>
    public void Add(uint architecture, uint highest)
    {
        int section = Open(architecture);
        if (refuseNewer && architecture is (AuditArch.S390 or AuditArch.S390X))
        {
            // A number too large for the instruction arrives as 0 (the dead setup(2)) when the kernel does not know it.
            _code.Add(new(JumpEqual, 0, 1, 0));
            _code.Add(new(Return, 0, 0, SeccompAction.FailWith(Linux.Errno.ENOSYS).Value));
        }

        AddNumbers(highest, NewSyscalls.Base(architecture));
        Close(section);
    }

    /// <summary>Adds x86-64 and x32, which the kernel tells apart by a bit of the number; null for one that the filter has no rules for.</summary>
    public void AddX86(uint? highest, uint? highestX32)
    {
        int section = Open(AuditArch.X86_64);
        int branch = _code.Count;
        _code.Add(default);
        if (highest is { } plain)
        {
            AddNumbers(plain, 0);
        }
        else
        {
            _code.Add(new(JumpAlways, 0, 0, ToFilter));
        }

        _code[branch] = new(JumpGreaterOrEqual, checked((byte)(_code.Count - branch - 1)), 0, X32Bit);
        if (highestX32 is { } x32)
        {
            AddNumbers(x32, X32Bit);
        }
        else
        {
            _code.Add(new(JumpAlways, 0, 0, ToFilter));
        }

        Close(section);
    }

    /// <summary>The whole program: these instructions, then <paramref name="filter"/>.</summary>
    public byte[] Before(ReadOnlySpan<byte> filter)
    {
        byte[] program = new byte[(_code.Count * SeccompProgram.InstructionSize) + filter.Length];
        for (int index = 0; index < _code.Count; index++)
        {
            Instruction instruction = _code[index];
            uint constant = instruction.Code == JumpAlways && instruction.Constant == ToFilter
                ? (uint)(_code.Count - index - 1)
                : instruction.Constant;
            Span<byte> bytes = program.AsSpan(index * SeccompProgram.InstructionSize, SeccompProgram.InstructionSize);
            Write(bytes, instruction with { Constant = constant });
        }

        filter.CopyTo(program.AsSpan(_code.Count * SeccompProgram.InstructionSize));
        return program;
    }

    private int Open(uint architecture)
    {
        if (_code.Count == 0)
        {
            _code.Add(new(LoadAbsolute, 0, 0, ArchOffset));
        }

        _code.Add(new(JumpEqual, 1, 0, architecture));
        _code.Add(default);
        _code.Add(new(LoadAbsolute, 0, 0, NumberOffset));
        return _code.Count - 2;
    }

    // Sections that are not taken are left with the architecture still loaded.
    private void Close(int section) => _code[section] = new(JumpAlways, 0, 0, (uint)(_code.Count - section - 1));

    private void AddNumbers(uint highest, uint @base)
    {
        _code.Add(new(JumpGreater, 1, 0, highest));
        _code.Add(new(JumpAlways, 0, 0, ToFilter));

        foreach (NewRule rule in rules)
        {
            highest = Math.Max(highest, rule.Number + @base);
            _code.Add(new(JumpEqual, 0, 1, rule.Number + @base));
            _code.Add(new(Return, 0, 0, rule.Action.Value));
        }

        if (refuseNewer)
        {
            _code.Add(new(JumpGreater, 0, 1, highest));
            _code.Add(new(Return, 0, 0, SeccompAction.FailWith(Linux.Errno.ENOSYS).Value));
        }

        _code.Add(new(JumpAlways, 0, 0, ToFilter));
    }

    // struct sock_filter: __u16 code; __u8 jt; __u8 jf; __u32 k; in the machine's byte order, which is little on all that we run on.
    private static void Write(Span<byte> bytes, Instruction instruction)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, instruction.Code);
        bytes[2] = instruction.IfTrue;
        bytes[3] = instruction.IfFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], instruction.Constant);
    }

    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Constant);
}
