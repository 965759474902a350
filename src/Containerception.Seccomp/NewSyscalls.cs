namespace Containerception.Seccomp;

/// <summary>
/// Calls that the kernel has got since the tables of libseccomp 2.5.4 were made (Linux 5.17). From 403 on all architectures number new calls
/// alike (x32 with its bit, mips with its bases), so profiles that name them can be served without a newer libseccomp.
/// </summary>
internal static class NewSyscalls
{
    private const uint X32Bit = 0x4000_0000;

    /// <summary>The common number; null for a name that is not here either.</summary>
    public static uint? Resolve(string name) => name switch
    {
        "cachestat" => 451,
        "fchmodat2" => 452,
        "map_shadow_stack" => 453,
        "futex_wake" => 454,
        "futex_wait" => 455,
        "futex_requeue" => 456,
        "statmount" => 457,
        "listmount" => 458,
        "lsm_get_self_attr" => 459,
        "lsm_set_self_attr" => 460,
        "lsm_list_modules" => 461,
        "mseal" => 462,
        "setxattrat" => 463,
        "getxattrat" => 464,
        "listxattrat" => 465,
        "removexattrat" => 466,
        "open_tree_attr" => 467,
        "file_getattr" => 468,
        "file_setattr" => 469,
        _ => null,
    };

    /// <summary>What an architecture adds to the common number. asm/unistd.h.</summary>
    public static uint Base(uint architecture) => architecture switch
    {
        AuditArch.X32 => X32Bit,
        AuditArch.Mips or AuditArch.Mipsel => 4000,
        AuditArch.Mips64 or AuditArch.Mipsel64 => 5000,
        AuditArch.Mips64N32 or AuditArch.Mipsel64N32 => 6000,
        _ => 0,
    };
}
