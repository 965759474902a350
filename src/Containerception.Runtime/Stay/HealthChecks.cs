using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// Runs a command in the container every so often, and says from its exit codes whether the program is well. The command is executed
/// detached: we are the subreaper to whom it is left, so its end is ours to hear.
/// </summary>
internal sealed class HealthChecks : IDisposable
{
    private const string Starting = "starting";
    private const string Healthy = "healthy";
    private const string Unhealthy = "unhealthy";
    private const int ResultsMax = 5;
    private const int OutputBytesMax = 4096;
    private const int KilledExitCode = -1;
    private const string SearchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly EventLoop _loop;
    private readonly HealthPlan _plan;
    private readonly string _pidFile;
    private readonly IContainerRunner _runner;
    private readonly DescriptorLimit _limit;
    private readonly TimeProvider _clock;
    private readonly Action _changed;
    private readonly DateTimeOffset _programStarted;
    private EventLoop.Alarm? _next;
    private Check? _check;

    public HealthChecks(EventLoop loop, SupervisePlan plan, IContainerRunner runner, DescriptorLimit limit, TimeProvider clock, Action changed)
    {
        _loop = loop;
        _plan = plan.Health!;
        _pidFile = Path.Join(plan.Directory, "health.pid");
        _runner = runner;
        _limit = limit;
        _clock = clock;
        _changed = changed;
        _programStarted = clock.GetUtcNow();
        PlanNext();
    }

    public HealthReport Report { get; private set; } = new() { Status = Starting };

    /// <summary>A process that was ours to bury has ended: perhaps a check, or the command that began it.</summary>
    public void Ended(WaitStatus status)
    {
        if (_check is null)
        {
            return;
        }

        if (status.Pid == _check.Starter)
        {
            FollowStarter(status.ExitCode);
        }
        else if (status.Pid == _check.Pid)
        {
            Finish(status.ExitCode);
        }
        else
        {
            // The command may end before the one that began it, of which its pid is to be learned.
            _check.Early[status.Pid] = status.ExitCode;
        }
    }

    public void Dispose()
    {
        _next?.Dispose();
        _check?.Dispose();
        _check = null;
    }

    private bool InStartPeriod => Report.Status == Starting && _clock.GetUtcNow() - _programStarted < _plan.StartPeriod;

    private void PlanNext() => _next = _loop.After(InStartPeriod ? _plan.StartInterval : _plan.Interval, Begin);

    private void Begin()
    {
        _next = null;
        Files.TryUnlinkAt(Descriptor.WorkingDirectory, _pidFile);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle written = write;
        string[] line = _runner.ExecLine(_pidFile, _plan.Command);
        Check check = new(read, _clock.GetUtcNow());
        _check = check;
        Descriptors.SetNonBlocking(read, true);
        check.OutputWatch = _loop.Add(read, EpollEvents.EPOLLIN, _ => check.ReadOutput());
        check.Timeout = _loop.After(_plan.Timeout, TimeOut);
        try
        {
            check.Starter = _limit.Start(() => Spawning.PosixSpawn(line[0], line, [SearchPath], null, write, write));
        }
        catch (LinuxException failure)
        {
            check.Add(failure.Message);
            Finish(KilledExitCode);
        }
    }

    private void FollowStarter(int exitCode)
    {
        if (exitCode != 0)
        {
            Finish(exitCode);
            return;
        }

        _check!.Pid = int.Parse(FileContents.ReadText(Descriptor.WorkingDirectory, _pidFile, 64).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        if (_check.Early.TryGetValue(_check.Pid, out int early))
        {
            Finish(early);
        }
    }

    private void TimeOut()
    {
        foreach (int pid in (ReadOnlySpan<int>)[_check!.Starter, _check.Pid])
        {
            using SafeFileHandle? process = pid == 0 ? null : Processes.TryPidfdOpen(pid);
            if (process is not null)
            {
                Processes.PidfdSendSignal(process, Signal.SIGKILL);
            }
        }

        _check.Add(string.Create(CultureInfo.InvariantCulture, $"Health check exceeded timeout ({_plan.Timeout.TotalSeconds:0.###}s)"));
        Finish(KilledExitCode);
    }

    private void Finish(int exitCode)
    {
        Check check = _check!;
        check.ReadOutput();
        check.Dispose();
        _check = null;
        HealthResult result = new(check.Began, _clock.GetUtcNow(), exitCode, check.Output);
        bool counts = exitCode != 0 && !InStartPeriod;
        int streak = exitCode == 0 ? 0 : counts ? Report.FailingStreak + 1 : Report.FailingStreak;
        Report = new HealthReport
        {
            Status = exitCode == 0 ? Healthy : streak >= _plan.Retries ? Unhealthy : Report.Status,
            FailingStreak = streak,
            Log = [.. Report.Log.Length >= ResultsMax ? Report.Log.RemoveAt(0) : Report.Log, result],
        };
        PlanNext();
        _changed();
    }

    /// <summary>One check that is under way.</summary>
    private sealed class Check(SafeFileHandle output, DateTimeOffset began) : IDisposable
    {
        private readonly StringBuilder _text = new();

        public DateTimeOffset Began { get; } = began;

        public int Starter { get; set; }

        public int Pid { get; set; }

        public Dictionary<int, int> Early { get; } = [];

        public EventLoop.Watch? OutputWatch { get; set; }

        public EventLoop.Alarm? Timeout { get; set; }

        public string Output => _text.ToString();

        public void Add(string text) => _text.Append(text);

        public void ReadOutput()
        {
            Span<byte> buffer = stackalloc byte[OutputBytesMax];
            int length;
            while (OutputWatch is not null && (length = FileContents.TryRead(output, buffer)) >= 0)
            {
                if (length == 0)
                {
                    OutputWatch.Dispose();
                    OutputWatch = null;
                }

                _text.Append(Encoding.UTF8.GetString(buffer[..Math.Min(length, Math.Max(0, OutputBytesMax - _text.Length))]));
            }
        }

        public void Dispose()
        {
            OutputWatch?.Dispose();
            OutputWatch = null;
            Timeout?.Dispose();
            output.Dispose();
        }
    }
}
