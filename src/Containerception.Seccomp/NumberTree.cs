using System.Runtime.InteropServices;
using Containerception.Linux;

namespace Containerception.Seccomp;

// Most of a profile says nothing but "these calls are allowed". libseccomp adds such rules one by one to a copy of all that it has (docker's
// profile: 22 ms), and writes a program with a test for each. Here they become a binary tree over ranges of numbers (0.4 ms; seven tests for
// 400 calls), in front of libseccomp's program, which has the rest: conditions on arguments, and calls that arrive through another one. As
// the tree reads nothing but the number, the kernel notes once which calls it always allows (since 5.11) and asks no program for them again.
//
//          ld  arch
//          jeq X86_64        else next architecture
//          ld  nr
//          jge 0x40000000    then x32's tree (the kernel gives both the same arch)
//          jge 334 … jge 12 … ret ALLOW            a number with one answer
//                             ja  filter           a number that libseccomp decides, or nobody named
//                             ret ENOSYS           a number above all that the profile names
//      filter: libseccomp's program
//
// ENOSYS, because a filter that answers EPERM to everything it does not list breaks programs when libc gets younger than the profile: libc
// tries the newest call and falls back on ENOSYS only (clone3, faccessat2, statx and fchmodat2 each broke containers so). A number above the
// highest that the profile names is not one that its author forbade, but one that he had not heard of.

/// <summary>The part of a filter that needs only the call's number: what is put in front of libseccomp's program.</summary>
internal sealed class NumberTree
{
    private const ushort LoadAbsolute = 0x20;
    private const ushort JumpAlways = 0x05;
    private const ushort JumpEqual = 0x15;
    private const ushort JumpGreaterOrEqual = 0x35;
    private const ushort Return = 0x06;

    // struct seccomp_data: int nr; __u32 arch; …
    private const uint NumberOffset = 0;
    private const uint ArchOffset = 4;

    private const uint X32Bit = 0x4000_0000;

    /// <summary>A mark for "to libseccomp's program", whose distance is not known until the end.</summary>
    private const uint ToFilter = uint.MaxValue;

    private readonly List<SockFilter> _code = [Instruction(LoadAbsolute, 0, 0, ArchOffset)];

    /// <summary>Adds an architecture that has an AUDIT_ARCH of its own.</summary>
    public void Add(uint architecture, ArchitectureCalls calls)
    {
        int section = Open(architecture);
        AddTree(calls.Ranges());
        Close(section);
    }

    /// <summary>Adds x86-64 and x32, which share theirs; null for one that the filter does not have.</summary>
    public void AddX86(ArchitectureCalls? plain, ArchitectureCalls? x32)
    {
        int section = Open(AuditArch.X86_64);
        List<CallRange> ranges = plain?.Ranges() ?? [new(0, null)];

        // Where there is no x32, its numbers are for libseccomp, which kills for an architecture that is not in the filter.
        ranges.RemoveAll(static range => range.First >= X32Bit);
        List<CallRange> above = x32?.Ranges() ?? [new(0, null)];
        int start = above.FindLastIndex(static range => range.First <= X32Bit);
        ranges.Add(above[start] with { First = X32Bit });
        ranges.AddRange(above[(start + 1)..]);
        AddTree(ranges);
        Close(section);
    }

    /// <summary>The whole program: these instructions, then <paramref name="filter"/>.</summary>
    public byte[] Before(ReadOnlySpan<byte> filter)
    {
        Span<SockFilter> code = CollectionsMarshal.AsSpan(_code);
        for (int index = 0; index < code.Length; index++)
        {
            if (code[index].code == JumpAlways && code[index].k == ToFilter)
            {
                code[index].k = (uint)(code.Length - index - 1);
            }
        }

        return [.. MemoryMarshal.AsBytes(code), .. filter];
    }

    private int Open(uint architecture)
    {
        _code.Add(Instruction(JumpEqual, 1, 0, architecture));
        _code.Add(default);
        _code.Add(Instruction(LoadAbsolute, 0, 0, NumberOffset));
        return _code.Count - 2;
    }

    // A section that is not taken is left with the architecture still loaded.
    private void Close(int section) => _code[section] = Instruction(JumpAlways, 0, 0, (uint)(_code.Count - section - 1));

    private void AddTree(List<CallRange> ranges) => AddTree(CollectionsMarshal.AsSpan(ranges));

    private void AddTree(ReadOnlySpan<CallRange> ranges)
    {
        if (ranges.Length == 1)
        {
            _code.Add(ranges[0].Action is { } action ? Instruction(Return, 0, 0, action.Value) : Instruction(JumpAlways, 0, 0, ToFilter));
            return;
        }

        int middle = ranges.Length / 2;
        int test = _code.Count;
        _code.Add(default);
        AddTree(ranges[..middle]);
        int below = _code.Count - test - 1;
        if (below <= byte.MaxValue)
        {
            _code[test] = Instruction(JumpGreaterOrEqual, (byte)below, 0, ranges[middle].First);
        }
        else
        {
            // A conditional jump has 8 bits of distance.
            _code[test] = Instruction(JumpGreaterOrEqual, 0, 1, ranges[middle].First);
            _code.Insert(test + 1, Instruction(JumpAlways, 0, 0, (uint)below));
        }

        AddTree(ranges[middle..]);
    }

    private static SockFilter Instruction(ushort code, byte ifTrue, byte ifFalse, uint constant)
        => new() { code = code, jt = ifTrue, jf = ifFalse, k = constant };
}

/// <summary>Numbers from the first to the next range's, and what happens to them: null is for libseccomp to say.</summary>
internal readonly record struct CallRange(uint First, SeccompAction? Action);

/// <summary>What is known of one architecture's numbers.</summary>
internal sealed class ArchitectureCalls(uint architecture, bool refuseNewer)
{
    private readonly SortedDictionary<uint, SeccompAction> _decided = [];

    private uint _highest = NewSyscalls.Base(architecture);

    public uint Architecture => architecture;

    /// <summary>The profile names this number.</summary>
    public void Name(uint number) => _highest = Math.Max(_highest, number);

    /// <summary>One action, whatever the arguments.</summary>
    public void Decide(uint number, SeccompAction action) => _decided.TryAdd(number, action);

    /// <summary>All numbers from 0 on, each range unlike its neighbours.</summary>
    public List<CallRange> Ranges()
    {
        List<CallRange> ranges = [];
        if (refuseNewer && architecture is (AuditArch.S390 or AuditArch.S390X))
        {
            // A number too large for the instruction arrives as 0, the long dead setup(2), when the kernel does not know it.
            _decided[0] = SeccompAction.FailWith(Errno.ENOSYS);
        }

        uint next = 0;
        foreach ((uint number, SeccompAction action) in _decided)
        {
            if (number > next)
            {
                Add(next, null);
            }

            Add(number, action);
            next = number + 1;
        }

        if (next <= _highest)
        {
            Add(next, null);
        }

        Add(Math.Max(next, _highest + 1), refuseNewer ? SeccompAction.FailWith(Errno.ENOSYS) : null);
        return ranges;

        void Add(uint first, SeccompAction? action)
        {
            if (ranges.Count == 0 || ranges[^1].Action != action)
            {
                ranges.Add(new(first, action));
            }
        }
    }
}
