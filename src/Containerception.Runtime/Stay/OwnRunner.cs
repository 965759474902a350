using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>ception itself, without executing it again: the supervisor is the runtime.</summary>
internal sealed class OwnRunner(SupervisePlan plan, Action<StepRecord>? listener, Action<string> warn, SignalSet mask, DescriptorLimit limit) : IContainerRunner
{
    private readonly ContainerRuntime _runtime = new(plan.RuntimeRoot, listener, warn);
    private ImmutableSortedDictionary<string, string> _cgroupPaths = ImmutableSortedDictionary<string, string>.Empty;

    public StartedProgram Start(ProgramEnds? ends)
    {
        using StandardStreams? streams = ends is null ? null : StandardStreams.Become(ends);
        using CreatedContainer container = _runtime.Begin(Request(plan) with { OpenFilesLimit = limit.Callers }, mask);
        _cgroupPaths = container.State.CgroupPaths;
        SafeFileHandle? terminal = container.Terminal is null ? null : Descriptors.Duplicate(container.Terminal);
        return new StartedProgram(container.Init.Pid, terminal);
    }

    public void Kill(Signal signal) => _runtime.Kill(plan.Id, (int)signal, all: false);

    public void Pause() => _runtime.Pause(plan.Id);

    public void Resume() => _runtime.Resume(plan.Id);

    public long OomKills()
    {
        using Cgroup cgroup = Cgroup.Load(_cgroupPaths);
        return cgroup.OomKills();
    }

    public void Delete() => _runtime.Delete(plan.Id, force: true);

    public string[] ExecLine(string pidFile, IReadOnlyList<string> command)
        => ["/proc/self/exe", "--root", plan.RuntimeRoot, "exec", "--detach", "--pid-file", pidFile, plan.Id, .. command];

    internal static CreateRequest Request(SupervisePlan plan) => new()
    {
        Id = plan.Id,
        Bundle = plan.Directory,
        KeepsTerminal = true,
        CgroupManager = plan.AsksSystemd ? CgroupManager.Systemd : CgroupManager.Cgroupfs,
        TerminalSize = plan is { Tty: true, Rows: > 0, Columns: > 0 } ? new WindowSize(plan.Rows, plan.Columns) : null,
    };

    /// <summary>For the time of a clone our descriptors 0 to 2 are the program's; before and after they are /dev/null.</summary>
    private sealed class StandardStreams : IDisposable
    {
        public static StandardStreams Become(ProgramEnds ends)
        {
            Descriptors.DuplicateTo(ends.Input, 0, closeOnExec: false);
            Descriptors.DuplicateTo(ends.Output, 1, closeOnExec: false);
            Descriptors.DuplicateTo(ends.Error, 2, closeOnExec: false);
            return new StandardStreams();
        }

        public void Dispose() => SupervisorDescriptors.NullStandardStreams();
    }
}
