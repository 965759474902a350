using Containerception.Linux;

namespace Containerception.Seccomp;

/// <summary>libseccomp refused: <c>seccomp_arch_add(SCMP_ARCH_S390X): numerical argument out of domain (EDOM)</c>.</summary>
public sealed class SeccompException(string call, int result, string argument)
    : Exception($"{call}({argument}): {LinuxException.Describe((Errno)(-result))}{Hint(call, (Errno)(-result))}")
{
    /// <summary>libseccomp's reason.</summary>
    public Errno Errno { get; } = (Errno)(-result);

    private static string Hint(string call, Errno errno) => (call, errno) switch
    {
        ("seccomp_arch_add", Errno.EDOM) => "; one filter cannot hold architectures of both byte orders",
        _ => "",
    };
}
