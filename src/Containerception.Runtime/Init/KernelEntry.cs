using System.Runtime.InteropServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// A page of machine code with one routine: make the system call that the arguments say, return what the kernel returns (-errno included).
/// The zone calls the kernel through it: a bare indirect call with no poll for a garbage collection after it, and no libc, whose
/// errno and locks the clone shares with nobody who could release them. docs/adr/0001 has the measurements.
/// </summary>
internal static unsafe class KernelEntry
{
    private const int PageSize = 4096;

    // (number, a0 … a5) in rdi, rsi, rdx, rcx, r8, r9, [rsp+8] become rax and rdi, rsi, rdx, r10, r8, r9.
    private static ReadOnlySpan<byte> X64 =>
    [
        0x48, 0x89, 0xF8,             // mov rax, rdi
        0x48, 0x89, 0xF7,             // mov rdi, rsi
        0x48, 0x89, 0xD6,             // mov rsi, rdx
        0x48, 0x89, 0xCA,             // mov rdx, rcx
        0x4D, 0x89, 0xC2,             // mov r10, r8
        0x4D, 0x89, 0xC8,             // mov r8, r9
        0x4C, 0x8B, 0x4C, 0x24, 0x08, // mov r9, [rsp+8]
        0x0F, 0x05,                   // syscall
        0xC3,                         // ret
    ];

    // (number, a0 … a5) in x0 … x6 become x8 and x0 … x5. The kernel cleans the instruction cache when it maps the page executable.
    private static ReadOnlySpan<byte> Arm64 =>
    [
        0xE8, 0x03, 0x00, 0xAA, // mov x8, x0
        0xE0, 0x03, 0x01, 0xAA, // mov x0, x1
        0xE1, 0x03, 0x02, 0xAA, // mov x1, x2
        0xE2, 0x03, 0x03, 0xAA, // mov x2, x3
        0xE3, 0x03, 0x04, 0xAA, // mov x3, x4
        0xE4, 0x03, 0x05, 0xAA, // mov x4, x5
        0xE5, 0x03, 0x06, 0xAA, // mov x5, x6
        0x01, 0x00, 0x00, 0xD4, // svc #0
        0xC0, 0x03, 0x5F, 0xD6, // ret
    ];

    /// <summary>Makes the page. It is never writable and executable at once, and stays for the life of the process.</summary>
    public static delegate*<nint, nint, nint, nint, nint, nint, nint, nint> Make()
    {
        ReadOnlySpan<byte> code = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => X64,
            Architecture.Arm64 => Arm64,
            Architecture other => throw new ContainerException(FailureKind.Unsupported, $"ception runs on x86-64 and arm64, not on {other}"),
        };
        void* page = Memory.MapAnonymous(PageSize, MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE);
        code.CopyTo(new Span<byte>(page, PageSize));
        Memory.Protect(page, PageSize, MemoryProtection.PROT_READ | MemoryProtection.PROT_EXEC);
        return (delegate*<nint, nint, nint, nint, nint, nint, nint, nint>)page;
    }
}
