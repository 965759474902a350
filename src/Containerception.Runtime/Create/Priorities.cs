using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>
/// process.scheduler and process.ioPriority, set from outside: root of a user namespace may not raise them, and a process under SCHED_DEADLINE
/// cannot clone, so it must be the last one.
/// </summary>
internal static class Priorities
{
    public static void Set(int pid, ProcessConfig process)
    {
        if (process.Scheduler is { } scheduler)
        {
            Guard("process.scheduler", () => Scheduling.SetAttributes(pid, Attributes(scheduler)));
        }

        if (process.IoPriority is { } priority)
        {
            Guard("process.ioPriority", () => Scheduling.SetIoPriority(pid, Enum.Parse<IoPriorityClass>(priority.Class), priority.Priority));
        }
    }

    private static SchedAttr Attributes(SchedulerConfig scheduler)
    {
        SchedulingFlags flags = SchedulingFlags.None;
        foreach (string flag in scheduler.Flags)
        {
            flags |= Enum.Parse<SchedulingFlags>(flag);
        }

        return new SchedAttr
        {
            sched_policy = Enum.Parse<SchedulingPolicy>(scheduler.Policy),
            sched_flags = flags,
            sched_nice = scheduler.Nice,
            sched_priority = (uint)scheduler.Priority,
            sched_runtime = scheduler.Runtime,
            sched_deadline = scheduler.Deadline,
            sched_period = scheduler.Period,
        };
    }

    private static void Guard(string field, Action set)
    {
        try
        {
            set();
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"{field}: {failure.Message}", Hint(failure.Errno), failure);
        }
    }

    private static string? Hint(Errno errno) => errno switch
    {
        Errno.EPERM => "needs CAP_SYS_NICE, and of a control group with real-time time (cpu.rt_runtime_us) where the kernel rations it",
        Errno.EBUSY => "the deadline cannot be met beside those that were promised: sched(7)",
        Errno.EOPNOTSUPP => "this kernel was built without utilization clamping (CONFIG_UCLAMP_TASK)",
        _ => null,
    };
}
