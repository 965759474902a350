using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>
/// A system call failed. <see cref="Call"/> is the call as strace would write it; the message adds the errno's text and name:
/// <c>mount("overlay", "/nowhere", "overlay", MS_NOSUID, NULL): No such file or directory (ENOENT)</c>.
/// </summary>
public sealed class LinuxException(string call, Errno errno, string? detail = null)
    : IOException(detail is null ? $"{call}: {Describe(errno)}" : $"{call}: {Describe(errno)}: {detail}")
{
    /// <summary>The call with its arguments.</summary>
    public string Call { get; } = call;

    /// <summary>The kernel's reason.</summary>
    public Errno Errno { get; } = errno;

    /// <summary>What the kernel said beyond the errno, where it has a way to: the log of a filesystem context, of the BPF verifier.</summary>
    public string? Detail { get; } = detail;

    /// <summary>The errno in words and by name: <c>no such file or directory (ENOENT)</c>, in errno(3)'s spelling.</summary>
    public static string Describe(Errno errno) => $"{Text(errno)} ({errno})";

    /// <summary>The errno in strerror(3)'s words, first letter lowered as Go and so the callers of runc expect.</summary>
    public static string Text(Errno errno)
    {
        string text = Marshal.GetPInvokeErrorMessage((int)errno);
        return text.Length > 0 ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }
}
