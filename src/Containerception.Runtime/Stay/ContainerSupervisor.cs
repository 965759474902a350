using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The life of a supervisor's process: see <see cref="SupervisePlan"/> for what it is given.</summary>
public static class ContainerSupervisor
{
    private const int ReportNumber = 1;
    private const int ExplainNumber = 3;
    private const int PlanBytesMax = 1 << 20;

    /// <summary>Starts the container of a plan, and returns when it has ended for good; or executes what the plan wants to be executed then.</summary>
    /// <param name="file">The plan's.</param>
    /// <param name="isLate">Its descriptors are still to come.</param>
    /// <param name="tell">Makes, of where steps are to be told, what tells them.</param>
    /// <returns>The exit code: 0 when the container was started.</returns>
    public static int Run(string file, bool isLate, Func<SafeFileHandle, Action<StepRecord>> tell)
    {
        SupervisePlan? plan = null;
        try
        {
            if (isLate && LateMessage.Receive() is null)
            {
                return 0;
            }

            plan = SupervisePlan.Read(Read(file));
            if (plan.Runtime is null)
            {
                // May execute this program once more: until here nothing was taken.
                new ContainerRuntime(plan.RuntimeRoot).PrepareToStay(OwnRunner.Request(plan));
            }

            // A directory as working directory would keep its file system busy for as long as we live.
            Environment.CurrentDirectory = "/";
            SignalSet mask = Signals.BlockForProcess(SignalSet.All);
            using SafeFileHandle? steps = plan.Explains ? Descriptors.Take(ExplainNumber) : null;
            if (steps is not null)
            {
                Descriptors.SetCloseOnExec(steps, true);
            }

            using SupervisorDescriptors inherited = SupervisorDescriptors.Take(plan);
            return Supervise(plan, inherited, steps is null ? null : WhileOpen(steps, tell(steps)), mask, () => steps?.Dispose());
        }
        catch (Exception failure) when (failure is ContainerException or LinuxException or FormatException or RuntimeLogException)
        {
            return Fail(Descriptors.Borrow(ReportNumber), failure);
        }
    }

    private static int Supervise(SupervisePlan plan, SupervisorDescriptors inherited, Action<StepRecord>? listener, SignalSet mask, Action started)
    {
        IContainerRunner runner = plan.Runtime is null
            ? new OwnRunner(plan, listener, message => Warn(plan, message), mask, inherited.Limit)
            : new OtherRunner(plan, inherited.Limit);
        bool isAlone;
        try
        {
            using Supervisor supervisor = new(plan, runner, inherited, TimeProvider.System);
            supervisor.Begin();
            started();
            supervisor.Stay();
            isAlone = supervisor.IsAlone;
        }
        catch (Exception failure) when (failure is ContainerException or LinuxException or RuntimeLogException)
        {
            LeaveClean(plan);
            return Fail(inherited.Report, failure);
        }

        LeaveClean(plan);
        if (isAlone && plan.AtEnd is [string program, ..])
        {
            OwnMounts.DetachBelow(plan.Directory);
            Signals.SetMask(mask);
            inherited.Limit.GiveBack();
            Processes.Execve(program, plan.AtEnd, ProcessVariables.All());
        }

        return 0;
    }

    // While the plan is there whoever finds the directory unlocked knows that its supervisor died; or that it is to be removed.
    private static void LeaveClean(SupervisePlan plan)
    {
        if (plan.AtEnd.IsEmpty)
        {
            Files.TryUnlinkAt(Descriptor.WorkingDirectory, Path.Join(plan.Directory, SupervisePlan.FileName));
        }
    }

    // Whoever wanted to read the steps reads those of the first start.
    private static Action<StepRecord> WhileOpen(SafeFileHandle file, Action<StepRecord> tell) => step =>
    {
        if (!file.IsClosed)
        {
            tell(step);
        }
    };

    private static int Fail(SafeFileHandle report, Exception failure)
    {
        StartFailure told = failure is RuntimeLogException ? new(null, null) : new(failure.Message, (failure as ContainerException)?.Hint);
        try
        {
            FileContents.WriteAll(report, told.ToJson());
        }
        catch (LinuxException gone) when (gone.Errno is Errno.EPIPE or Errno.EBADF)
        {
            // Whoever asked for the container does not live any more, or has it since long ago.
        }

        return 1;
    }

    private static void Warn(SupervisePlan plan, string message)
    {
        using SafeFileHandle file = Files.Open(
            Path.Join(plan.Directory, "warnings"), OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        FileContents.WriteAll(file, System.Text.Encoding.UTF8.GetBytes(message + "\n"));
    }

    private static byte[] Read(string file)
    {
        using SafeFileHandle opened = Files.Open(file, OpenFlags.O_RDONLY);
        return FileContents.ReadAll(opened, PlanBytesMax);
    }
}
