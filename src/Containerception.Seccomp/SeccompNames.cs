using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Seccomp;

/// <summary>The words of the specification, and libseccomp's numbers for them (seccomp.h, linux/audit.h).</summary>
public static class SeccompNames
{
    /// <summary>The name of a system call; null for a number that nobody knows.</summary>
    /// <param name="architecture">AUDIT_ARCH_* of linux/audit.h.</param>
    /// <param name="number">The kernel's.</param>
    public static string? SyscallName(uint architecture, int number) => LibSeccomp.Name(architecture, number);

    /// <summary>Every action that a profile may name.</summary>
    public static ImmutableArray<string> Actions =>
    [
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
    ];

    /// <summary>Every comparison of an argument that a profile may name.</summary>
    public static ImmutableArray<string> Operators =>
    [
        "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE",
    ];

    /// <summary>Every architecture that libseccomp 2.5 can write a filter for.</summary>
    public static ImmutableArray<string> Architectures =>
    [
        "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
        "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
        "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
    ];

    /// <summary>Every flag that a profile may name.</summary>
    public static ImmutableArray<string> Flags =>
    [
        "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    ];

    /// <summary>Those of <see cref="Flags"/> that this kernel knows.</summary>
    public static ImmutableArray<string> SupportedFlags => [.. Flags.Where(static name => SeccompCalls.IsAvailable(Flag("", name)))];

    /// <summary>The version of the libseccomp in use: <c>2.5.4</c>.</summary>
    public static string LibraryVersion => LibSeccomp.Version;

    internal static int Operator(string field, string name) => name switch
    {
        "SCMP_CMP_NE" => 1,
        "SCMP_CMP_LT" => 2,
        "SCMP_CMP_LE" => 3,
        "SCMP_CMP_EQ" => 4,
        "SCMP_CMP_GE" => 5,
        "SCMP_CMP_GT" => 6,
        "SCMP_CMP_MASKED_EQ" => 7,
        _ => throw new ConfigException(field, $"no such operator: \"{name}\""),
    };

    internal static SeccompFilterFlags Flag(string field, string name) => name switch
    {
        "SECCOMP_FILTER_FLAG_TSYNC" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC,
        "SECCOMP_FILTER_FLAG_LOG" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_LOG,
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
        _ => throw new ConfigException(field, $"no such flag: \"{name}\""),
    };

    internal static uint Architecture(string field, string name) => name switch
    {
        "SCMP_ARCH_X86" => 0x4000_0003,
        "SCMP_ARCH_X86_64" => AuditArch.X86_64,
        "SCMP_ARCH_X32" => AuditArch.X32,
        "SCMP_ARCH_ARM" => AuditArch.Arm,
        "SCMP_ARCH_AARCH64" => AuditArch.Aarch64,
        "SCMP_ARCH_MIPS" => AuditArch.Mips,
        "SCMP_ARCH_MIPS64" => AuditArch.Mips64,
        "SCMP_ARCH_MIPS64N32" => AuditArch.Mips64N32,
        "SCMP_ARCH_MIPSEL" => AuditArch.Mipsel,
        "SCMP_ARCH_MIPSEL64" => AuditArch.Mipsel64,
        "SCMP_ARCH_MIPSEL64N32" => AuditArch.Mipsel64N32,
        "SCMP_ARCH_PARISC" => 0x0000_000F,
        "SCMP_ARCH_PARISC64" => 0x8000_000F,
        "SCMP_ARCH_PPC" => 0x0000_0014,
        "SCMP_ARCH_PPC64" => 0x8000_0015,
        "SCMP_ARCH_PPC64LE" => 0xC000_0015,
        "SCMP_ARCH_RISCV64" => AuditArch.Riscv64,
        "SCMP_ARCH_S390" => AuditArch.S390,
        "SCMP_ARCH_S390X" => AuditArch.S390X,
        _ => throw new ConfigException(field, $"libseccomp {LibraryVersion} knows no such architecture: \"{name}\""),
    };
}

/// <summary>AUDIT_ARCH_* of linux/audit.h that something here treats differently from the others.</summary>
internal static class AuditArch
{
    public const uint X86_64 = 0xC000_003E;

    /// <summary>libseccomp's own name for it: the kernel says X86_64, and sets bit 30 of the call's number.</summary>
    public const uint X32 = 0x4000_003E;

    public const uint Arm = 0x4000_0028;
    public const uint Aarch64 = 0xC000_00B7;
    public const uint Riscv64 = 0xC000_00F3;
    public const uint Mips = 0x0000_0008;
    public const uint Mips64 = 0x8000_0008;
    public const uint Mips64N32 = 0xA000_0008;
    public const uint Mipsel = 0x4000_0008;
    public const uint Mipsel64 = 0xC000_0008;
    public const uint Mipsel64N32 = 0xE000_0008;
    public const uint S390 = 0x0000_0016;
    public const uint S390X = 0x8000_0016;
}
