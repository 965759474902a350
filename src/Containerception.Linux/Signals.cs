using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Linux;

/// <summary>Signals, spelled as in signal.h. The values are the generic ones of x86-64 and arm64. 34 to 64 are the real-time ones.</summary>
public enum Signal
{
    None = 0,
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
}

/// <summary>What to do with a set of signals, spelled as in signal.h.</summary>
internal enum SignalMaskOperation
{
    SIG_BLOCK = 0,
    SIG_UNBLOCK = 1,
    SIG_SETMASK = 2,
}

/// <summary>A set of signals as the kernel keeps it: bit n-1 is signal n.</summary>
public readonly record struct SignalSet(ulong Bits)
{
    public static SignalSet Empty => default;

    /// <summary>All 64. The kernel leaves SIGKILL and SIGSTOP out of every mask by itself.</summary>
    public static SignalSet All => new(ulong.MaxValue);

    public static SignalSet Of(params ReadOnlySpan<Signal> signals)
    {
        ulong bits = 0;
        foreach (Signal signal in signals)
        {
            bits |= 1UL << ((int)signal - 1);
        }

        return new SignalSet(bits);
    }

    public bool Contains(Signal signal) => (Bits & (1UL << ((int)signal - 1))) != 0;

    public SignalSet Without(Signal signal) => new(Bits & ~(1UL << ((int)signal - 1)));

    public override string ToString() => $"0x{Bits:x}";
}

/// <summary>A signal as a <see cref="Signals.Descriptor"/> delivers it.</summary>
/// <param name="Signal">Which one.</param>
/// <param name="Code">Why: si_code of sigaction(2).</param>
/// <param name="Pid">Who sent it, or which child changed; 0 for the kernel and for processes that this pid namespace cannot see.</param>
/// <param name="Uid">The sender's real uid.</param>
/// <param name="Status">With SIGCHLD the exit code or signal of the child.</param>
public readonly record struct ReceivedSignal(Signal Signal, int Code, int Pid, uint Uid, int Status);

/// <summary>Signals: names, masks, signalfd(2), dispositions. A mask belongs to a thread, a disposition to the process.</summary>
public static partial class Signals
{
    /// <summary>The first real-time signal that programs may use: libc keeps the kernel's 32 and 33 to itself. See signal(7).</summary>
    public const int RealTimeMin = 34;

    /// <summary>SIGRTMAX.</summary>
    public const int RealTimeMax = 64;

    private const nuint SetBytes = sizeof(ulong);
    private const int SFD_CLOEXEC = 0x80000;
    private const nuint AT_FLAGS = 8;

    // The mask's bit of SIGKILL, which no mask can have.
    private const ulong KillBit = 1UL << ((int)Signal.SIGKILL - 1);
    private const int SFD_NONBLOCK = 0x800;
    private const nint SIG_DFL = 0;
    private const nint SIG_IGN = 1;
    private const nint SIG_ERR = -1;

    /// <summary>
    /// A signal from what users write: TERM, SIGTERM, sigterm, 15, RTMIN, SIGRTMIN+3, RTMAX-1. Numbers are 1 to 64, names are signal.h's, and the
    /// old second names ABRT/IOT, CHLD/CLD, IO/POLL.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Signal signal)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            signal = (Signal)number;
            return number is >= 1 and <= RealTimeMax;
        }

        ReadOnlySpan<char> name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        if (name.StartsWith("RTM", StringComparison.OrdinalIgnoreCase))
        {
            return TryParseRealTime(name, out signal);
        }

        for (int value = (int)Signal.SIGHUP; value <= (int)Signal.SIGSYS; value++)
        {
            if (name.Equals(Name((Signal)value).AsSpan(3), StringComparison.OrdinalIgnoreCase))
            {
                signal = (Signal)value;
                return true;
            }
        }

        signal = name switch
        {
            _ when name.Equals("IOT", StringComparison.OrdinalIgnoreCase) => Signal.SIGABRT,
            _ when name.Equals("CLD", StringComparison.OrdinalIgnoreCase) => Signal.SIGCHLD,
            _ when name.Equals("POLL", StringComparison.OrdinalIgnoreCase) => Signal.SIGIO,
            _ => Signal.None,
        };
        return signal != Signal.None;
    }

    /// <summary>SIGTERM, SIGRTMIN+3, or the number where there is no name.</summary>
    public static string Name(Signal signal) => (int)signal switch
    {
        >= (int)Signal.SIGHUP and <= (int)Signal.SIGSYS => signal.ToString(),
        RealTimeMin => "SIGRTMIN",
        > RealTimeMin and <= RealTimeMax => $"SIGRTMIN+{(int)signal - RealTimeMin}",
        _ => ((int)signal).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>
    /// The mask that this process was executed with, where its first instructions blocked all signals before the runtime had a thread of its own
    /// (the program's entry.S): the main thread may have its mask back, and that one never takes a signal. Null in other programs. getauxval(3).
    /// </summary>
    public static SignalSet? MaskAtEntry
        => (ulong)getauxval(AT_FLAGS) is ulong flags && (flags & KillBit) != 0 ? new SignalSet(flags & ~KillBit) : null;

    /// <summary>Gives this thread the mask that the program was executed with: the first thing that <c>Main</c> does.</summary>
    public static void TakeMaskOfEntry()
    {
        if (MaskAtEntry is { } mask)
        {
            SetMask(mask);
        }
    }

    /// <summary>
    /// Blocks signals for this thread and for the runtime's own, the one of finalizers: a signal to the process goes to any thread that has not
    /// blocked it, and ends them all. Costs a garbage collection, unless <see cref="MaskAtEntry"/> is known; call it before a descriptor is to tell of the signals.
    /// </summary>
    public static SignalSet BlockForProcess(SignalSet signals)
    {
        SignalSet previous = Block(signals);
        if (MaskAtEntry is null)
        {
            LeaveToTheFinalizer(signals);
            GC.Collect(generation: 0);
            GC.WaitForPendingFinalizers();
        }

        return previous;
    }

    /// <summary>The mask of this thread.</summary>
    public static SignalSet Mask => Block(SignalSet.Empty);

    /// <summary>Blocks signals for this thread; returns the mask as it was.</summary>
    public static SignalSet Block(SignalSet signals) => ChangeMask(SignalMaskOperation.SIG_BLOCK, signals);

    /// <summary>Unblocks signals for this thread; returns the mask as it was.</summary>
    public static SignalSet Unblock(SignalSet signals) => ChangeMask(SignalMaskOperation.SIG_UNBLOCK, signals);

    /// <summary>Sets this thread's mask; returns the mask as it was.</summary>
    public static SignalSet SetMask(SignalSet signals) => ChangeMask(SignalMaskOperation.SIG_SETMASK, signals);

    /// <summary>A descriptor that reads the signals of a set, which must be blocked. It does not block. See signalfd(2).</summary>
    public static SafeFileHandle Descriptor(SignalSet signals)
        => Check.Handle((int)signalfd4(SyscallNumbers.SYS_signalfd4, -1, signals, SetBytes, SFD_CLOEXEC | SFD_NONBLOCK),
            $"signalfd4(-1, {signals}, {SetBytes}, SFD_CLOEXEC|SFD_NONBLOCK)");

    /// <summary>Takes the next signal from a descriptor; null when there is none.</summary>
    public static ReceivedSignal? TryRead(SafeFileHandle descriptor)
    {
        SignalfdSiginfo info = default;
        int length = FileContents.TryRead(descriptor, MemoryMarshal.AsBytes(new Span<SignalfdSiginfo>(ref info)));
        return length < 0
            ? null
            : new ReceivedSignal((Signal)info.ssi_signo, info.ssi_code, (int)info.ssi_pid, info.ssi_uid, info.ssi_status);
    }

    /// <summary>Gives a signal its default effect. The .NET runtime ignores SIGPIPE, and what is ignored stays so through execve(2).</summary>
    public static void SetDefault(Signal signal) => SetDisposition(signal, SIG_DFL, nameof(SIG_DFL));

    /// <summary>Ignores a signal.</summary>
    public static void Ignore(Signal signal) => SetDisposition(signal, SIG_IGN, nameof(SIG_IGN));

    /// <summary>Those of a set that this process does not ignore. What is blocked waits to be read also where it is ignored, which a caller has asked for: nohup(1).</summary>
    public static SignalSet Heeded(SignalSet signals)
    {
        ulong heeded = signals.Bits;
        for (int number = 1; number <= RealTimeMax; number++)
        {
            if (signals.Contains((Signal)number))
            {
                Check.Result(
                    rt_sigaction(SyscallNumbers.SYS_rt_sigaction, number, 0, out KernelSigaction action, SetBytes), $"rt_sigaction({number}, NULL)");
                heeded &= action.sa_handler == SIG_IGN ? ~(1UL << (number - 1)) : ulong.MaxValue;
            }
        }

        return new SignalSet(heeded);
    }

    private static bool TryParseRealTime(ReadOnlySpan<char> name, out Signal signal)
    {
        signal = Signal.None;
        bool fromEnd = name.StartsWith("RTMAX", StringComparison.OrdinalIgnoreCase);
        if (!fromEnd && !name.StartsWith("RTMIN", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        ReadOnlySpan<char> rest = name[5..];
        int distance = 0;
        if (!rest.IsEmpty
            && (rest[0] != (fromEnd ? '-' : '+') || !int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out distance)
                || distance > RealTimeMax - RealTimeMin))
        {
            return false;
        }

        signal = (Signal)(fromEnd ? RealTimeMax - distance : RealTimeMin + distance);
        return true;
    }

    // A method of its own, so that nothing on the caller's stack keeps the object.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LeaveToTheFinalizer(SignalSet signals) => _ = new BlockInFinalizer(signals);

    private static SignalSet ChangeMask(SignalMaskOperation operation, SignalSet signals)
    {
        // Not libc's: that one leaves out the two signals it keeps to itself, and a mask that is saved here is restored in a child as it was.
        nint result = rt_sigprocmask(SyscallNumbers.SYS_rt_sigprocmask, operation, signals, out SignalSet previous, SetBytes);
        Check.Result(result, $"rt_sigprocmask({operation}, {signals})");
        return previous;
    }

    private static void SetDisposition(Signal number, nint handler, string name)
        => Check.Result(signal((int)number, handler) == SIG_ERR ? -1 : 0, $"signal({number}, {name:name})");

    /// <summary>Its end is its purpose: it comes on the thread whose mask is to be changed.</summary>
    private sealed class BlockInFinalizer(SignalSet signals)
    {
        ~BlockInFinalizer() => Block(signals);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint rt_sigprocmask(long number, SignalMaskOperation operation, in SignalSet set, out SignalSet previous, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint rt_sigaction(long number, long signal, nint action, out KernelSigaction previous, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint signalfd4(long number, int descriptor, in SignalSet set, nuint size, int flags);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial nuint getauxval(nuint type);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint signal(int number, nint handler);
}

/// <summary>The kernel's struct sigaction, which is not libc's.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KernelSigaction
{
    public nint sa_handler;
    public ulong sa_flags;
    public nint sa_restorer;
    public ulong sa_mask;
}

/// <summary>struct signalfd_siginfo of sys/signalfd.h.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct SignalfdSiginfo
{
    public uint ssi_signo;
    public int ssi_errno;
    public int ssi_code;
    public uint ssi_pid;
    public uint ssi_uid;
    public int ssi_fd;
    public uint ssi_tid;
    public uint ssi_band;
    public uint ssi_overrun;
    public uint ssi_trapno;
    public int ssi_status;
}
