using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Seccomp;

// The imports stand here and not in Containerception.Linux because this is no kernel call: libseccomp is a library that only we use.
// Its functions return a negative errno and leave errno alone. Every call names what it was asked for in its error.

/// <summary>libseccomp's filter context, seccomp.h: rules go in, a BPF program comes out.</summary>
internal sealed partial class LibSeccomp : IDisposable
{
    /// <summary>The machine's own architecture, whatever it is.</summary>
    public const uint ArchNative = 0;

    private const int SCMP_FLTATR_CTL_OPTIMIZE = 8;
    private const int NR_SCMP_ERROR = -1;

    private nint _context;

    public LibSeccomp(uint defaultAction)
    {
        _context = seccomp_init(defaultAction);
        if (_context == 0)
        {
            throw new SeccompException("seccomp_init", -(int)Linux.Errno.EINVAL, $"default action 0x{defaultAction:x}");
        }
    }

    /// <summary><c>2.5.4</c>.</summary>
    public static unsafe string Version
    {
        get
        {
            ScmpVersion* version = seccomp_version();
            return $"{version->Major}.{version->Minor}.{version->Micro}";
        }
    }

    public static uint NativeArchitecture => seccomp_arch_native();

    /// <summary>The number that stands for a name on this machine; negative and meaningless to the kernel for a call that only others have.</summary>
    /// <returns>null for a name that this libseccomp has never heard of.</returns>
    public static int? Resolve(string name)
    {
        int number = seccomp_syscall_resolve_name(name);
        return number == NR_SCMP_ERROR ? null : number;
    }

    /// <summary>The kernel's number of a call on one architecture; null when that architecture has no such call.</summary>
    public static int? Resolve(uint architecture, string name)
    {
        int number = seccomp_syscall_resolve_name_arch(architecture, name);
        return number < 0 ? null : number;
    }

    /// <summary>The name of a call on one architecture; null for a number or an architecture that this libseccomp has never heard of.</summary>
    public static string? Name(uint architecture, int number) => seccomp_syscall_resolve_num_arch(architecture, number);

    /// <returns>False when the filter has it already.</returns>
    public bool AddArchitecture(uint architecture, string name)
    {
        int result = seccomp_arch_add(_context, architecture);
        if (result == -(int)Linux.Errno.EEXIST)
        {
            return false;
        }

        Check(result, "seccomp_arch_add", name);
        return true;
    }

    /// <summary>A binary tree by number instead of a list: 8 comparisons for 256 calls.</summary>
    public void UseBinaryTree() => Check(seccomp_attr_set(_context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "seccomp_attr_set", "SCMP_FLTATR_CTL_OPTIMIZE");

    public void AddRule(uint action, int call, string name, ReadOnlySpan<ScmpArgCmp> conditions)
        => Check(seccomp_rule_add_array(_context, action, call, (uint)conditions.Length, conditions), "seccomp_rule_add_array", name);

    /// <summary>Writes the program, an array of struct sock_filter, at the file's position.</summary>
    public void Export(SafeFileHandle file)
    {
        Check(seccomp_export_bpf(_context, (int)file.DangerousGetHandle()), "seccomp_export_bpf", "");
        GC.KeepAlive(file);
    }

    public void Dispose()
    {
        seccomp_release(_context);
        _context = 0;
    }

    private static void Check(int result, string call, string argument)
    {
        if (result < 0)
        {
            throw new SeccompException(call, result, argument);
        }
    }

    [LibraryImport("libseccomp")]
    private static unsafe partial ScmpVersion* seccomp_version();

    [LibraryImport("libseccomp")]
    private static partial uint seccomp_arch_native();

    [LibraryImport("libseccomp")]
    private static partial nint seccomp_init(uint defaultAction);

    [LibraryImport("libseccomp")]
    private static partial void seccomp_release(nint context);

    [LibraryImport("libseccomp")]
    private static partial int seccomp_arch_add(nint context, uint architecture);

    [LibraryImport("libseccomp")]
    private static partial int seccomp_attr_set(nint context, int attribute, uint value);

    [LibraryImport("libseccomp", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int seccomp_syscall_resolve_name(string name);

    [LibraryImport("libseccomp", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int seccomp_syscall_resolve_name_arch(uint architecture, string name);

    [LibraryImport("libseccomp", StringMarshalling = StringMarshalling.Utf8)]
    private static partial string? seccomp_syscall_resolve_num_arch(uint architecture, int number);

    [LibraryImport("libseccomp")]
    private static partial int seccomp_rule_add_array(nint context, uint action, int call, uint count, ReadOnlySpan<ScmpArgCmp> conditions);

    [LibraryImport("libseccomp")]
    private static partial int seccomp_export_bpf(nint context, int file);

    /// <summary>struct scmp_version.</summary>
    private readonly record struct ScmpVersion(uint Major, uint Minor, uint Micro);
}

/// <summary>struct scmp_arg_cmp: a comparison of one argument.</summary>
internal struct ScmpArgCmp
{
    public uint Index;
    public int Operator;
    public ulong ValueA;
    public ulong ValueB;
}
