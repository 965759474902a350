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

    // A pipe holds 64 KiB, so this is all that a command wrote before its end: pipe(7). What others go on writing is not waited for.
    private const int DrainReadsMax = 16;
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

    /// <summary>The container stands still: a check that is under way does not count, and there is none until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        _check?.Kill();
        Dispose();
    }

    public void Resume()
    {
        Dispose();
        PlanNext();
    }

    public void Dispose()
    {
        _next?.Dispose();
        _check?.Dispose();
        (_next, _check) = (null, null);
    }

    private bool InStartPeriod => Report.Status == Starting && _clock.GetUtcNow() - _programStarted < _plan.StartPeriod;

    private void PlanNext() => _next = _loop.After(InStartPeriod ? _plan.StartInterval : _plan.Interval, Begin);

    private void Begin()
    {
        _next = null;
        Check check = new(_clock.GetUtcNow());
        _check = check;
        try
        {
            Files.TryUnlinkAt(Descriptor.WorkingDirectory, _pidFile);
            using SafeFileHandle write = check.Listen(_loop);
            string[] line = _runner.ExecLine(_pidFile, _plan.Command);
            check.Starter = _limit.Start(() => Spawning.PosixSpawn(line[0], line, [SearchPath], null, write, write));
            check.Timeout = _loop.After(_plan.Timeout, TimeOut);
        }
        catch (LinuxException failure)
        {
            check.Add(failure.Message);
            Finish(KilledExitCode);
        }
    }

    private void FollowStarter(int exitCode)
    {
        // It is buried: the number is anybody's from now on.
        _check!.Starter = 0;
        if (exitCode != 0)
        {
            Finish(exitCode);
            return;
        }

        try
        {
            _check.Pid = int.Parse(FileContents.ReadText(Descriptor.WorkingDirectory, _pidFile, 64).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is LinuxException or FormatException)
        {
            _check.Add(failure.Message);
            Finish(KilledExitCode);
            return;
        }

        if (_check.Early.TryGetValue(_check.Pid, out int early))
        {
            Finish(early);
        }
    }

    private void TimeOut()
    {
        _check!.Kill();
        _check.Add(string.Create(CultureInfo.InvariantCulture, $"Health check exceeded timeout ({_plan.Timeout.TotalSeconds:0.###}s)"));
        Finish(KilledExitCode);
    }

    private void Finish(int exitCode)
    {
        Check check = _check!;
        check.DrainOutput();
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
    private sealed class Check(DateTimeOffset began) : IDisposable
    {
        private readonly StringBuilder _text = new();
        private SafeFileHandle? _output;
        private EventLoop.Watch? _watch;

        public DateTimeOffset Began { get; } = began;

        /// <summary>The command that begins it; 0 once that is buried.</summary>
        public int Starter { get; set; }

        /// <summary>The command in the container; 0 while it is not known.</summary>
        public int Pid { get; set; }

        public Dictionary<int, int> Early { get; } = [];

        public EventLoop.Alarm? Timeout { get; set; }

        public string Output => _text.ToString();

        /// <returns>Where the command is to write; the caller's.</returns>
        public SafeFileHandle Listen(EventLoop loop)
        {
            (_output, SafeFileHandle write) = Pipes.Create();
            Descriptors.SetNonBlocking(_output, true);
            _watch = loop.Add(_output, EpollEvents.EPOLLIN, _ => Read());
            return write;
        }

        public void Add(string text) => _text.Append(text);

        public void DrainOutput()
        {
            for (int i = 0; i < DrainReadsMax && Read(); i++)
            {
            }
        }

        public void Kill()
        {
            TryKill(Starter);
            TryKill(Pid);
        }

        public void Dispose()
        {
            _watch?.Dispose();
            _watch = null;
            Timeout?.Dispose();
            _output?.Dispose();
        }

        private static void TryKill(int pid)
        {
            if (pid == 0)
            {
                return;
            }

            try
            {
                // Only while it is ours to bury the number is certainly its own: ECHILD says that it is not.
                Waiting.TryWait(pid, WaitOptions.WEXITED | WaitOptions.WNOWAIT);
                Processes.Kill(pid, Signal.SIGKILL);
            }
            catch (LinuxException)
            {
                // It has ended, or cannot be ended: the check is over either way.
            }
        }

        /// <returns>Whether there was something.</returns>
        private bool Read()
        {
            if (_watch is null)
            {
                return false;
            }

            Span<byte> buffer = stackalloc byte[OutputBytesMax];
            int length = FileContents.TryRead(_output!, buffer);
            if (length == 0)
            {
                _watch.Dispose();
                _watch = null;
            }

            if (length > 0)
            {
                _text.Append(Encoding.UTF8.GetString(buffer[..Math.Min(length, Math.Max(0, OutputBytesMax - _text.Length))]));
            }

            return length > 0;
        }
    }
}
