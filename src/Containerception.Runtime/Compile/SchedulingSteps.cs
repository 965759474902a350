using System.Buffers.Binary;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>process.scheduler, process.ioPriority and linux.personality.</summary>
internal static class SchedulingSteps
{
    private const int SchedAttrSize = 48;
    private const int IOPRIO_WHO_PROCESS = 1;
    private const int IoPriorityClassShift = 13;

    public static void Add(Compilation c, ProcessConfig process)
    {
        if (process.Scheduler is { } scheduler)
        {
            Schedule(c, scheduler);
        }

        if (process.IoPriority is { } priority)
        {
            c.Builder.Tell("io-priority", "set the i/o priority", "process.ioPriority: ioprio_set(2)");
            int value = (IoClass(priority.Class) << IoPriorityClassShift) | priority.Priority;
            c.Builder.Call(SyscallNumbers.SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value);
        }

        if (c.Linux.Personality is { } personality)
        {
            c.Builder.Tell("personality", "set the personality {0}", "linux.personality: personality(2)", personality.Domain);
            c.Builder.Call(SyscallNumbers.SYS_personality, personality.Domain == "LINUX32" ? 8 : 0);
        }
    }

    private static void Schedule(Compilation c, SchedulerConfig scheduler)
    {
        c.Builder.Tell("scheduler", "set the scheduling policy {0}", "process.scheduler: sched_setattr(2)", scheduler.Policy);

        // struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
        Span<byte> attributes = stackalloc byte[SchedAttrSize];
        BinaryPrimitives.WriteUInt32LittleEndian(attributes, SchedAttrSize);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes[4..], Policy(scheduler.Policy));
        ulong flags = 0;
        foreach (string flag in scheduler.Flags)
        {
            flags |= Flag(flag);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], flags);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[16..], scheduler.Nice);
        BinaryPrimitives.WriteInt32LittleEndian(attributes[20..], scheduler.Priority);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[24..], scheduler.Runtime);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[32..], scheduler.Deadline);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[40..], scheduler.Period);
        c.Builder.Call(SyscallNumbers.SYS_sched_setattr, 0, c.Memory.Copy(attributes), 0);
    }

    private static uint Policy(string name) => name switch
    {
        "SCHED_OTHER" => 0,
        "SCHED_FIFO" => 1,
        "SCHED_RR" => 2,
        "SCHED_BATCH" => 3,
        "SCHED_ISO" => 4,
        "SCHED_IDLE" => 5,
        "SCHED_DEADLINE" => 6,
        _ => throw new ContainerException(FailureKind.Invalid, $"process.scheduler.policy: unknown policy \"{name}\""),
    };

    private static ulong Flag(string name) => name switch
    {
        "SCHED_FLAG_RESET_ON_FORK" => 0x01,
        "SCHED_FLAG_RECLAIM" => 0x02,
        "SCHED_FLAG_DL_OVERRUN" => 0x04,
        "SCHED_FLAG_KEEP_POLICY" => 0x08,
        "SCHED_FLAG_KEEP_PARAMS" => 0x10,
        "SCHED_FLAG_UTIL_CLAMP_MIN" => 0x20,
        "SCHED_FLAG_UTIL_CLAMP_MAX" => 0x40,
        _ => throw new ContainerException(FailureKind.Invalid, $"process.scheduler.flags: unknown flag \"{name}\""),
    };

    private static int IoClass(string name) => name switch
    {
        "IOPRIO_CLASS_RT" => 1,
        "IOPRIO_CLASS_BE" => 2,
        "IOPRIO_CLASS_IDLE" => 3,
        _ => throw new ContainerException(FailureKind.Invalid, $"process.ioPriority.class: unknown class \"{name}\""),
    };
}
