namespace Containerception.Linux;

/// <summary>Flags of seccomp(2)'s SECCOMP_SET_MODE_FILTER, spelled as in linux/seccomp.h.</summary>
[Flags]
public enum SeccompFilterFlags : uint
{
    None = 0,
    SECCOMP_FILTER_FLAG_TSYNC = 1 << 0,
    SECCOMP_FILTER_FLAG_LOG = 1 << 1,

    /// <summary>Leave the mitigation of the speculative store bypass off.</summary>
    SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1 << 2,
    SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3,
    SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 1 << 4,

    /// <summary>Once the listener has received a notification only a fatal signal ends the wait. Since Linux 5.19.</summary>
    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 5,
}
