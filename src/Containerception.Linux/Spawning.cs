using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>posix_spawn(3) attribute flags, spelled as in spawn.h.</summary>
[Flags]
public enum SpawnFlags : short
{
    None = 0,
    POSIX_SPAWN_SETPGROUP = 0x02,
    POSIX_SPAWN_SETSIGDEF = 0x04,
    POSIX_SPAWN_SETSIGMASK = 0x08,
    POSIX_SPAWN_SETSID = 0x80,
}

/// <summary>
/// posix_spawn(3): starts a program from a process that may have threads. The child inherits the calling thread's namespaces and working
/// directory, the standard streams, and nothing else that is open: every other descriptor here is close-on-exec.
/// </summary>
public static partial class Spawning
{
    // glibc's types have 336 and 80 bytes on x86-64 and arm64, musl's 336 and 80 too; both are opaque, so there is room to spare.
    private const int OpaqueBytes = 512;

    // sigset_t of libc is larger than the kernel's.
    private const int SignalSetBytes = 128;

    private const int FurtherNumber = 4;

    /// <summary>Starts a program. The signal mask is cleared, and SIGPIPE, which .NET ignores, ends the program again.</summary>
    /// <param name="path">Not searched for in PATH.</param>
    /// <param name="arguments">With argv[0].</param>
    /// <param name="environment"><c>NAME=value</c>.</param>
    /// <param name="standardInput">Becomes descriptor 0; null is the caller's own, as for the two that follow.</param>
    /// <param name="standardOutput">Becomes descriptor 1.</param>
    /// <param name="standardError">Becomes descriptor 2.</param>
    /// <param name="third">Becomes descriptor 3; null is none.</param>
    /// <param name="flags">POSIX_SPAWN_SETSID for a session of its own, POSIX_SPAWN_SETPGROUP for a process group of its own.</param>
    /// <param name="further">Become the descriptors from 4 on, in this order.</param>
    /// <returns>The pid.</returns>
    /// <exception cref="LinuxException"><see cref="Errno.ENOENT"/>, <see cref="Errno.EACCES"/>: as for execve(2).</exception>
    public static unsafe int PosixSpawn(
        string path,
        IReadOnlyList<string> arguments,
        IReadOnlyList<string> environment,
        SafeFileHandle? standardInput = null,
        SafeFileHandle? standardOutput = null,
        SafeFileHandle? standardError = null,
        SpawnFlags flags = SpawnFlags.None,
        SafeFileHandle? third = null,
        IReadOnlyList<SafeFileHandle>? further = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(environment);
        further ??= [];

        byte* attributes = stackalloc byte[OpaqueBytes];
        byte* actions = stackalloc byte[OpaqueBytes];
        ulong* noSignals = stackalloc ulong[SignalSetBytes / sizeof(ulong)];
        ulong* pipeSignal = stackalloc ulong[SignalSetBytes / sizeof(ulong)];
        new Span<byte>(noSignals, SignalSetBytes).Clear();
        new Span<byte>(pipeSignal, SignalSetBytes).Clear();
        pipeSignal[0] = 1UL << ((int)Signal.SIGPIPE - 1);

        using OutOfTheWay moved = new(further);
        using NativeTexts argv = new(arguments);
        using NativeTexts envp = new(environment);
        flags |= SpawnFlags.POSIX_SPAWN_SETSIGDEF | SpawnFlags.POSIX_SPAWN_SETSIGMASK;

        // These fail for lack of memory only, and return the errno instead of setting it.
        Must(posix_spawnattr_init(attributes), nameof(posix_spawnattr_init));
        Must(posix_spawn_file_actions_init(actions), nameof(posix_spawn_file_actions_init));
        try
        {
            Must(posix_spawnattr_setflags(attributes, flags), nameof(posix_spawnattr_setflags));
            Must(posix_spawnattr_setsigmask(attributes, noSignals), nameof(posix_spawnattr_setsigmask));
            Must(posix_spawnattr_setsigdefault(attributes, pipeSignal), nameof(posix_spawnattr_setsigdefault));
            Redirect(actions, standardInput, 0);
            Redirect(actions, standardOutput, 1);
            Redirect(actions, standardError, 2);
            Redirect(actions, third, 3);
            for (int i = 0; i < further.Count; i++)
            {
                Redirect(actions, moved.Files[i], FurtherNumber + i);
            }

            int error = posix_spawn(out int pid, path, actions, attributes, argv.Pointers, envp.Pointers);
            return error == 0 ? pid : throw new LinuxException($"posix_spawn(\"{path}\", [{string.Join(' ', arguments)}], {flags})", (Errno)error);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
            GC.KeepAlive(standardInput);
            GC.KeepAlive(standardOutput);
            GC.KeepAlive(standardError);
            GC.KeepAlive(third);
            GC.KeepAlive(further);
        }
    }

    private static unsafe void Redirect(byte* actions, SafeFileHandle? from, int to)
    {
        if (from is not null)
        {
            // dup2 clears close-on-exec, also of a descriptor that already has the number (since glibc 2.29).
            Must(posix_spawn_file_actions_adddup2(actions, (int)from.DangerousGetHandle(), to), nameof(posix_spawn_file_actions_adddup2));
        }
    }

    private static void Must(int error, string call)
    {
        if (error != 0)
        {
            throw new LinuxException($"{call}()", (Errno)error);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Custom, StringMarshallingCustomType = typeof(KernelText))]
    private static unsafe partial int posix_spawn(
        out int pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, SpawnFlags flags);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, ulong* signals);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, ulong* signals);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    /// <summary>
    /// The redirections are made one after the other: what stands under a number that another descriptor gets before it is copied first to one that
    /// nobody gets.
    /// </summary>
    private sealed class OutOfTheWay : IDisposable
    {
        private readonly List<SafeFileHandle> _copies = [];

        public OutOfTheWay(IReadOnlyList<SafeFileHandle> files)
        {
            Files = new SafeFileHandle[files.Count];
            for (int i = 0; i < files.Count; i++)
            {
                Files[i] = files[i];
                if (files[i].DangerousGetHandle() < FurtherNumber + i)
                {
                    Files[i] = Descriptors.Duplicate(files[i], FurtherNumber + files.Count);
                    _copies.Add(Files[i]);
                }
            }
        }

        public SafeFileHandle[] Files { get; }

        public void Dispose() => _copies.ForEach(copy => copy.Dispose());
    }
}
