using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>struct bpf_insn of linux/bpf.h: one instruction. The destination register is in the low half of <see cref="registers"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct BpfInstruction
{
    public byte code;
    public byte registers;
    public short off;
    public int imm;
}

/// <summary>Kinds of programs, spelled as in linux/bpf.h; those that are used.</summary>
public enum BpfProgramType : uint
{
    None = 0,
    BPF_PROG_TYPE_CGROUP_DEVICE = 15,
}

/// <summary>Places where programs are attached, spelled as in linux/bpf.h; those that are used.</summary>
public enum BpfAttachType : uint
{
    BPF_CGROUP_DEVICE = 6,
}

/// <summary>BPF_PROG_ATTACH flags, spelled as in linux/bpf.h.</summary>
[Flags]
public enum BpfAttachFlags : uint
{
    None = 0,
    BPF_F_ALLOW_OVERRIDE = 1,
    BPF_F_ALLOW_MULTI = 2,
    BPF_F_REPLACE = 4,
}

/// <summary>bpf(2) as cgroup v2's device control needs it: load, attach, replace, detach, and ask what is attached.</summary>
public static unsafe partial class Bpf
{
    private const int BPF_PROG_LOAD = 5;
    private const int BPF_PROG_ATTACH = 8;
    private const int BPF_PROG_DETACH = 9;
    private const int BPF_PROG_GET_FD_BY_ID = 13;
    private const int BPF_PROG_QUERY = 16;

    // CGROUP_BPF's own limit: BPF_CGROUP_MAX_PROGS of linux/bpf-cgroup-defs.h.
    private const int AttachedMax = 64;
    private const int LogBytesMax = 64 * 1024;
    private const int DetailLengthMax = 2048;

    // bpf(2): EAGAIN when a signal or the verifier's own limits interrupted a load; libbpf tries five times too.
    private const int LoadAttempts = 5;

    /// <summary>Verifies a program and loads it; it lives as long as a descriptor or an attachment. Close-on-exec.</summary>
    /// <exception cref="LinuxException">The verifier's last words are its <see cref="LinuxException.Detail"/>.</exception>
    public static SafeFileHandle Load(BpfProgramType type, BpfAttachType attachType, ReadOnlySpan<BpfInstruction> program, string license)
    {
        nint result = TryLoad(type, attachType, program, license, default);
        if (result >= 0)
        {
            return new SafeFileHandle(result, ownsHandle: true);
        }

        // Once more with a log: it costs time that only a failure needs.
        Errno errno = Check.LastErrno;
        byte[] log = new byte[LogBytesMax];
        result = TryLoad(type, attachType, program, license, log);
        if (result >= 0)
        {
            return new SafeFileHandle(result, ownsHandle: true);
        }

        string words = KernelText.Read(log).Trim().ReplaceLineEndings("; ");
        string? detail = words.Length == 0 ? null : words[^Math.Min(words.Length, DetailLengthMax)..];
        throw new LinuxException($"bpf(BPF_PROG_LOAD, {{{type}, {attachType}, {program.Length} instructions}})", errno, detail);
    }

    /// <summary>Attaches a program to an open cgroup directory, with BPF_F_REPLACE in place of <paramref name="replaced"/>.</summary>
    public static void Attach(
        SafeFileHandle cgroup, SafeFileHandle program, BpfAttachType type, BpfAttachFlags flags, SafeFileHandle? replaced = null)
    {
        using HeldDescriptor target = new(cgroup);
        using HeldDescriptor attached = new(program);
        using HeldDescriptor old = new(replaced ?? program);
        BpfAttachAttr attributes = new()
        {
            target_fd = (uint)target.Number,
            attach_bpf_fd = (uint)attached.Number,
            attach_type = type,
            attach_flags = flags,
            replace_bpf_fd = replaced is null ? 0 : (uint)old.Number,
        };
        Check.Result(bpf(SyscallNumbers.SYS_bpf, BPF_PROG_ATTACH, &attributes, (uint)sizeof(BpfAttachAttr)),
            $"bpf(BPF_PROG_ATTACH, {{{cgroup}, {program}, {type}, {flags}}})");
    }

    /// <summary>Takes a program off a cgroup.</summary>
    public static void Detach(SafeFileHandle cgroup, SafeFileHandle program, BpfAttachType type)
    {
        using HeldDescriptor target = new(cgroup);
        using HeldDescriptor attached = new(program);
        BpfAttachAttr attributes = new() { target_fd = (uint)target.Number, attach_bpf_fd = (uint)attached.Number, attach_type = type };
        Check.Result(bpf(SyscallNumbers.SYS_bpf, BPF_PROG_DETACH, &attributes, (uint)sizeof(BpfAttachAttr)),
            $"bpf(BPF_PROG_DETACH, {{{cgroup}, {program}, {type}}})");
    }

    /// <summary>The ids of the programs attached to a cgroup itself, not to its parents.</summary>
    public static uint[] Query(SafeFileHandle cgroup, BpfAttachType type)
    {
        using HeldDescriptor target = new(cgroup);
        uint* ids = stackalloc uint[AttachedMax];
        BpfQueryAttr attributes = new() { target_fd = (uint)target.Number, attach_type = type, prog_ids = (ulong)ids, prog_cnt = AttachedMax };
        Check.Result(bpf(SyscallNumbers.SYS_bpf, BPF_PROG_QUERY, &attributes, (uint)sizeof(BpfQueryAttr)),
            $"bpf(BPF_PROG_QUERY, {{{cgroup}, {type}}})");
        return new ReadOnlySpan<uint>(ids, (int)attributes.prog_cnt).ToArray();
    }

    /// <summary>Opens a loaded program by its id; close-on-exec.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.ENOENT"/>: it is gone.</exception>
    public static SafeFileHandle OpenById(uint id)
    {
        BpfIdAttr attributes = new() { prog_id = id };
        return Check.Handle((int)bpf(SyscallNumbers.SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, (uint)sizeof(BpfIdAttr)),
            $"bpf(BPF_PROG_GET_FD_BY_ID, {{{id}}})");
    }

    private static nint TryLoad(
        BpfProgramType type, BpfAttachType attachType, ReadOnlySpan<BpfInstruction> program, string license, Span<byte> log)
    {
        byte[] licenseBytes = [.. System.Text.Encoding.ASCII.GetBytes(license), 0];
        fixed (BpfInstruction* instructions = program)
        fixed (byte* licensePointer = licenseBytes)
        fixed (byte* logPointer = log)
        {
            BpfLoadAttr attributes = new()
            {
                prog_type = type,
                insn_cnt = (uint)program.Length,
                insns = (ulong)instructions,
                license = (ulong)licensePointer,
                log_level = log.IsEmpty ? 0u : 1u,
                log_size = (uint)log.Length,
                log_buf = (ulong)logPointer,
                expected_attach_type = attachType,
            };
            nint result = -1;
            for (int attempt = 0; attempt < LoadAttempts; attempt++)
            {
                result = bpf(SyscallNumbers.SYS_bpf, BPF_PROG_LOAD, &attributes, (uint)sizeof(BpfLoadAttr));
                if (result >= 0 || Check.LastErrno != Errno.EAGAIN)
                {
                    break;
                }
            }

            return result;
        }
    }

    // No libc symbol.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint bpf(long number, int command, void* attributes, uint size);
}

/// <summary>union bpf_attr of linux/bpf.h for BPF_PROG_LOAD, as far as it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfLoadAttr
{
    public BpfProgramType prog_type;
    public uint insn_cnt;
    public ulong insns;
    public ulong license;
    public uint log_level;
    public uint log_size;
    public ulong log_buf;
    public uint kern_version;
    public uint prog_flags;
    public ulong prog_name;
    private readonly ulong _restOfName;
    public uint prog_ifindex;
    public BpfAttachType expected_attach_type;
}

/// <summary>union bpf_attr of linux/bpf.h for BPF_PROG_ATTACH and BPF_PROG_DETACH, as far as it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfAttachAttr
{
    public uint target_fd;
    public uint attach_bpf_fd;
    public BpfAttachType attach_type;
    public BpfAttachFlags attach_flags;
    public uint replace_bpf_fd;
}

/// <summary>union bpf_attr of linux/bpf.h for BPF_PROG_QUERY, as far as it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfQueryAttr
{
    public uint target_fd;
    public BpfAttachType attach_type;
    public uint query_flags;
    public uint attach_flags;
    public ulong prog_ids;
    public uint prog_cnt;
    private readonly uint _padding;
}

/// <summary>union bpf_attr of linux/bpf.h for BPF_PROG_GET_FD_BY_ID, as far as it is used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfIdAttr
{
    public uint prog_id;
    private readonly uint _nextId;
    private readonly uint _openFlags;
}
