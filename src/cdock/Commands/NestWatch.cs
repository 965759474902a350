using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Containerception.Engine;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary><c>cdock nest</c>, seen from the top: tells each level as it is reached, and ends them all on Ctrl-C.</summary>
internal sealed class NestWatch(NestLevel own, Output output) : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _ended = new();
    private long _before;
    private int _reached;
    private volatile int _signal;

    public int Run()
    {
        // That of one machine's processes is another's only by accident, and then the second is told so.
        string name = $"nest-{Environment.ProcessId}";
        long began = _before = Stopwatch.GetTimestamp();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, name));
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, name));
        using PosixSignalRegistration hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => End(context, name));
        int exitCode = Watch(name);
        _ended.Set();
        output.Standard.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_reached} {(_reached == 1 ? "level" : "levels")} in {Stopwatch.GetElapsedTime(began, _before).TotalSeconds:0.0} s, removed in {Stopwatch.GetElapsedTime(_before).TotalSeconds:0.0} s"));
        return Ended(exitCode);
    }

    public void Dispose() => _ended.Dispose();

    private int Watch(string name)
    {
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        {
            Thread reader = new(() => Tell(read)) { Name = "levels" };
            reader.Start();
            try
            {
                using (write)
                {
                    return NestCommand.MakeNext(own, new AttachRequest { SignalProxy = false, Output = write }, name, TellEnd);
                }
            }
            catch (EngineException) when (_signal != 0)
            {
                // It was ended while it was being made.
                return ExitCode.Failure;
            }
            finally
            {
                reader.Join();
            }
        }
    }

    private int Ended(int exitCode)
    {
        const int signalBase = 128;
        if (_signal != 0)
        {
            return signalBase + _signal;
        }

        exitCode = NestCommand.Ended(own, exitCode, output);
        if (exitCode == ExitCode.Success && _reached < own.Depth)
        {
            output.Fail($"{own.Depth} levels were asked for, and there are {_reached}", hint: null);
            return ExitCode.Failure;
        }

        return exitCode;
    }

    private void Tell(SafeFileHandle read)
    {
        using StreamReader lines = new(new DescriptorStream(read));
        while (lines.ReadLine() is string line)
        {
            if (line.Split('\t') is not [string level, string hostname, string memory, string space])
            {
                TellEnd(line);
                continue;
            }

            long now = Stopwatch.GetTimestamp();
            string pid = See(space)?.ToString(CultureInfo.InvariantCulture) ?? "gone";
            output.Standard.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"level {level,-2}  {hostname,-8}  pid {pid,-7}  memory {MemoryWords(memory),-6}  {Stopwatch.GetElapsedTime(_before, now).TotalMilliseconds,4:0} ms"));
            _before = now;
            _reached++;
        }
    }

    private static string MemoryWords(string bytes) => bytes is "0" ? "no limit" : Words.BinarySize(long.Parse(bytes, CultureInfo.InvariantCulture));

    private void TellEnd(string call)
        => output.Standard.WriteLine($"the kernel makes no level {_reached + 1}: {call}\n{StartFailure.NoMoreNamespaces}");

    // A namespace has one number wherever it is seen from; a process has another in each.
    private static int? See(string space)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc").Where(directory => char.IsAsciiDigit(directory[^1])))
        {
            if (IsFirstIn(space, directory))
            {
                int pid = int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture);
                using SafeFileHandle? process = Processes.TryPidfdOpen(pid);
                if (process is not null && IsFirstIn(space, directory))
                {
                    // Still the same, now that the number cannot become another's.
                    Processes.PidfdSendSignal(process, Signal.SIGTERM);
                    return pid;
                }
            }
        }

        return null;
    }

    private static bool IsFirstIn(string space, string process)
    {
        try
        {
            return new FileInfo(Path.Join(process, "ns/pid")).LinkTarget == space
                && File.ReadLines(Path.Join(process, "status")).Any(line => line.StartsWith("NSpid:", StringComparison.Ordinal) && line.EndsWith("\t1", StringComparison.Ordinal));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // With the first level the kernel ends all that are below it, whatever they do at the moment.
    private void End(PosixSignalContext context, string name)
    {
        const int interrupt = 2;
        context.Cancel = true;
        _signal = context.Signal switch
        {
            PosixSignal.SIGHUP => (int)Signal.SIGHUP,
            PosixSignal.SIGTERM => (int)Signal.SIGTERM,
            _ => interrupt,
        };
        while (!_ended.IsSet)
        {
            try
            {
                ContainerEngine.Open(new EngineOptions()).Kill(name, Signal.SIGKILL);
                return;
            }
            catch (EngineException early) when (early.Kind is FailureKind.NotFound or FailureKind.Conflict)
            {
                // It is being made, or ends at this moment.
                _ended.Wait(Again);
            }
        }
    }
}
