using System.Runtime.CompilerServices;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// Finds the program to execute as execvp(3) would, but before the wait for <c>start</c>, so that <c>create</c> can say that there is none.
/// <c>A0</c>: the candidates' paths, an array of pointers that ends with null.
/// The result is the path's address; or ENOENT, EACCES, EISDIR of the best candidate.
/// </summary>
internal static unsafe class InitLookup
{
    private const int ENOENT = (int)Errno.ENOENT;
    private const int EACCES = (int)Errno.EACCES;
    private const int EISDIR = (int)Errno.EISDIR;
    private const int AT_FDCWD = -100;
    private const int AT_EACCESS = 0x200;
    private const int X_OK = 1;
    private const uint STATX_TYPE = 1;
    private const int S_IFMT = 0xF000;
    private const int S_IFDIR = 0x4000;
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nint Find(InitProgram* program, InitStep* step)
    {
        nint found = -ENOENT;
        for (nint* candidate = (nint*)step->A0; *candidate != 0; candidate++)
        {
            nint errno = Try(program, *candidate);
            if (errno == 0)
            {
                return *candidate;
            }

            // "Permission denied" of one directory says more than "not found" of the next.
            found = errno is -EACCES or -EISDIR || found == -ENOENT ? errno : found;
        }

        return found;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Try(InitProgram* program, nint path)
    {
        byte* status = program->Scratch;
        nint result = program->Syscall((nint)SyscallNumbers.SYS_statx, AT_FDCWD, path, 0, (nint)STATX_TYPE, (nint)status, 0);
        if (result < 0)
        {
            return result;
        }

        if ((*(ushort*)(status + StatxModeOffset) & S_IFMT) == S_IFDIR)
        {
            return -EISDIR;
        }

        // The process's own ids decide, after they were set; root still needs one x bit.
        return program->Syscall((nint)SyscallNumbers.SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS, 0, 0);
    }
}
