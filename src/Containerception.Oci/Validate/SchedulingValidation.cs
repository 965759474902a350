using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary><c>process.scheduler</c>, <c>ioPriority</c> and <c>execCPUAffinity</c>.</summary>
internal static class SchedulingValidation
{
    private const int NiceMin = -20;
    private const int NiceMax = 19;
    private const int RealTimePriorityMax = 99;
    private const int IoPriorityMax = 7;

    private static readonly ImmutableArray<string> Policies =
        ["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_IDLE", "SCHED_DEADLINE"];

    private static readonly ImmutableArray<string> Flags =
    [
        "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
        "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX",
    ];

    public static void Check(ProcessConfig process)
    {
        if (process.Scheduler is { } scheduler)
        {
            CheckScheduler(scheduler);
        }

        if (process.IoPriority is { } priority)
        {
            Require.That(
                priority.Class is "IOPRIO_CLASS_RT" or "IOPRIO_CLASS_BE" or "IOPRIO_CLASS_IDLE",
                "process.ioPriority.class",
                $"no such class: {Require.Quote(priority.Class)}");
            Require.That(
                priority.Priority is >= 0 and <= IoPriorityMax,
                "process.ioPriority.priority",
                $"must be from 0 to {IoPriorityMax}, not {priority.Priority}");
        }

        Require.CpuList(process.ExecCpuAffinity?.Initial, "process.execCPUAffinity.initial");
        Require.CpuList(process.ExecCpuAffinity?.Final, "process.execCPUAffinity.final");
    }

    private static void CheckScheduler(SchedulerConfig scheduler)
    {
        Require.That(Policies.Contains(scheduler.Policy), "process.scheduler.policy", $"no such policy: {Require.Quote(scheduler.Policy)}");
        Require.That(
            scheduler.Nice is >= NiceMin and <= NiceMax, "process.scheduler.nice", $"must be from {NiceMin} to {NiceMax}, not {scheduler.Nice}");
        for (int i = 0; i < scheduler.Flags.Length; i++)
        {
            Require.That(Flags.Contains(scheduler.Flags[i]), $"process.scheduler.flags[{i}]", $"no such flag: {Require.Quote(scheduler.Flags[i])}");
        }

        bool isRealTime = scheduler.Policy is "SCHED_FIFO" or "SCHED_RR";
        Require.That(
            isRealTime ? scheduler.Priority is >= 1 and <= RealTimePriorityMax : scheduler.Priority == 0,
            "process.scheduler.priority",
            $"must be {(isRealTime ? "from 1 to 99" : "0")} with {scheduler.Policy}, not {scheduler.Priority}");

        bool isDeadline = scheduler.Policy == "SCHED_DEADLINE";
        bool hasTimes = scheduler.Runtime != 0 || scheduler.Deadline != 0 || scheduler.Period != 0;
        Require.That(isDeadline || !hasTimes, "process.scheduler", $"runtime, deadline and period are for SCHED_DEADLINE alone");
        Require.That(
            !isDeadline || (scheduler.Runtime > 0 && scheduler.Runtime <= scheduler.Deadline && (scheduler.Period == 0 || scheduler.Deadline <= scheduler.Period)),
            "process.scheduler",
            $"SCHED_DEADLINE needs 0 < runtime <= deadline <= period");
    }
}
