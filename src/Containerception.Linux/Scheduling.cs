using System.Numerics;
using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>Scheduling policies, spelled as in linux/sched.h.</summary>
public enum SchedulingPolicy : uint
{
    SCHED_OTHER = 0,
    SCHED_FIFO = 1,
    SCHED_RR = 2,
    SCHED_BATCH = 3,
    SCHED_IDLE = 5,
    SCHED_DEADLINE = 6,
}

/// <summary>sched_setattr(2) flags, spelled as in linux/sched.h.</summary>
[Flags]
public enum SchedulingFlags : ulong
{
    None = 0,
    SCHED_FLAG_RESET_ON_FORK = 0x01,
    SCHED_FLAG_RECLAIM = 0x02,
    SCHED_FLAG_DL_OVERRUN = 0x04,
    SCHED_FLAG_KEEP_POLICY = 0x08,
    SCHED_FLAG_KEEP_PARAMS = 0x10,
    SCHED_FLAG_UTIL_CLAMP_MIN = 0x20,
    SCHED_FLAG_UTIL_CLAMP_MAX = 0x40,
}

/// <summary>struct sched_attr of linux/sched/types.h, its second version (Linux 5.3). Times are nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SchedAttr
{
    public uint size;
    public SchedulingPolicy sched_policy;
    public SchedulingFlags sched_flags;
    public int sched_nice;
    public uint sched_priority;
    public ulong sched_runtime;
    public ulong sched_deadline;
    public ulong sched_period;
    public uint sched_util_min;
    public uint sched_util_max;

    public override readonly string ToString()
        => $"{{{sched_policy}, flags={sched_flags}, nice={sched_nice}, priority={sched_priority}, runtime={sched_runtime}, deadline={sched_deadline}, period={sched_period}}}";
}

/// <summary>I/O scheduling classes, spelled as in linux/ioprio.h.</summary>
public enum IoPriorityClass
{
    IOPRIO_CLASS_NONE = 0,
    IOPRIO_CLASS_RT = 1,
    IOPRIO_CLASS_BE = 2,
    IOPRIO_CLASS_IDLE = 3,
}

/// <summary>When a thread runs, and where: sched_setattr(2), sched_setaffinity(2), ioprio_set(2).</summary>
public static unsafe partial class Scheduling
{
    private const int IOPRIO_WHO_PROCESS = 1;
    private const int IOPRIO_CLASS_SHIFT = 13;

    // As many processors as the kernel can be built for: CONFIG_NR_CPUS is at most 8192.
    private const int MaskBytes = 1024;
    private const int BitsPerByte = 8;

    /// <summary>Sets policy and priority of a thread, 0 being the caller.</summary>
    public static void SetAttributes(int thread, SchedAttr attributes)
    {
        attributes.size = (uint)sizeof(SchedAttr);
        nint result = sched_setattr(SyscallNumbers.SYS_sched_setattr, thread, &attributes, 0);
        Check.Result(result, $"sched_setattr({thread}, {attributes}, 0)");
    }

    /// <summary>Policy and priority of a thread, 0 being the caller.</summary>
    public static SchedAttr GetAttributes(int thread)
    {
        SchedAttr attributes = default;
        Check.Result(sched_getattr(SyscallNumbers.SYS_sched_getattr, thread, &attributes, (uint)sizeof(SchedAttr), 0), $"sched_getattr({thread})");
        return attributes;
    }

    /// <summary>Keeps a thread, 0 being the caller, on these processors.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EINVAL"/>: none of them is there and in the cpuset.</exception>
    public static void SetAffinity(int thread, IReadOnlyCollection<int> processors)
    {
        Span<byte> mask = stackalloc byte[MaskBytes];
        mask.Clear();
        foreach (int processor in processors)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)processor, (uint)(MaskBytes * BitsPerByte), nameof(processors));
            mask[processor / BitsPerByte] |= (byte)(1 << (processor % BitsPerByte));
        }

        Check.Result(sched_setaffinity(thread, (nuint)mask.Length, mask), $"sched_setaffinity({thread}, [{string.Join(", ", processors):list}])");
    }

    /// <summary>The processors that a thread, 0 being the caller, may run on.</summary>
    public static int[] GetAffinity(int thread)
    {
        Span<byte> mask = stackalloc byte[MaskBytes];
        mask.Clear();
        Check.Result(sched_getaffinity(thread, (nuint)mask.Length, mask), $"sched_getaffinity({thread})");
        List<int> processors = [];
        for (int i = 0; i < mask.Length; i++)
        {
            for (int rest = mask[i]; rest != 0; rest &= rest - 1)
            {
                processors.Add((i * BitsPerByte) + BitOperations.TrailingZeroCount(rest));
            }
        }

        return [.. processors];
    }

    /// <summary>The I/O priority of a thread, 0 being the caller.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="priorityClass">The class.</param>
    /// <param name="level">0, first, to 7; 0 for the classes that have none.</param>
    public static void SetIoPriority(int thread, IoPriorityClass priorityClass, int level)
        => Check.Result(ioprio_set(SyscallNumbers.SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread, IoPriorityValue(priorityClass, level)),
            $"ioprio_set(IOPRIO_WHO_PROCESS, {thread}, IOPRIO_PRIO_VALUE({priorityClass}, {level}))");

    /// <summary>What <see cref="SetIoPriority"/> set.</summary>
    public static (IoPriorityClass Class, int Level) GetIoPriority(int thread)
    {
        int value = (int)Check.Result(ioprio_get(SyscallNumbers.SYS_ioprio_get, IOPRIO_WHO_PROCESS, thread), $"ioprio_get(IOPRIO_WHO_PROCESS, {thread})");
        return ((IoPriorityClass)(value >> IOPRIO_CLASS_SHIFT), value & ((1 << IOPRIO_CLASS_SHIFT) - 1));
    }

    /// <summary>IOPRIO_PRIO_VALUE: class and level as ioprio_set(2) takes them.</summary>
    public static int IoPriorityValue(IoPriorityClass priorityClass, int level) => ((int)priorityClass << IOPRIO_CLASS_SHIFT) | level;

    // No libc symbols for these four.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint sched_setattr(long number, int thread, SchedAttr* attributes, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint sched_getattr(long number, int thread, SchedAttr* attributes, uint size, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint ioprio_set(long number, int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint ioprio_get(long number, int which, int who);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int thread, nuint size, ReadOnlySpan<byte> mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_getaffinity(int thread, nuint size, Span<byte> mask);
}
