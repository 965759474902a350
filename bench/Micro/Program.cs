using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Mathematics;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Containerception.Micro;

// Containerception.Micro WORK PAGE: measure with the documents in WORK, and write PAGE. See bench/micro.
const double NanosecondsPerMicrosecond = 1000;
const double BytesPerKilobyte = 1000;
if (args is not [{ } work, { } page])
{
    Console.Error.WriteLine("usage: Containerception.Micro WORK PAGE");
    return 2;
}

Documents.Directory = work;

// In this process: BenchmarkDotNet's own projects would be built by the rules of this repository, which they do not keep.
IConfig config = ManualConfig.CreateEmpty()
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(5).WithIterationCount(15))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddLogger(ConsoleLogger.Default)
    .WithArtifactsPath(Path.Combine(work, "artifacts"))
    .WithOrderer(new DefaultOrderer(SummaryOrderPolicy.Declared));
Summary[] summaries = BenchmarkRunner.Run([typeof(ConfigBenchmarks), typeof(PlanBenchmarks), typeof(ImageBenchmarks)], config);
if (summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)))
{
    return 1;
}

using StreamWriter writer = new(page);
HostEnvironmentInfo host = summaries[0].HostEnvironmentInfo;
writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
    # Hot pieces

    Written by `make bench-micro` on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}: what every container, or every image, passes through, again and again in one process. It is
    the just-in-time compiler's code, warm; `ception` and `cdock` run the same source compiled ahead, each piece once, and cold. So the figures tell
    what a change gains or loses, not what a run takes.

    Machine: {Environment.ProcessorCount} processors ({host.Cpu.Value.ProcessorName}). Versions: {host.RuntimeVersion}, BenchmarkDotNet {host.BenchmarkDotNetVersion}.

    | | median, µs | middle half | allocated, kB |
    |---|---|---|---|
    """));
foreach (BenchmarkReport report in summaries.SelectMany(summary => summary.Reports))
{
    Statistics times = report.ResultStatistics!;
    double bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
    writer.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'')} | {Microseconds(times.Median)} | {Microseconds(times.Q1)} to {Microseconds(times.Q3)} | {bytes / BytesPerKilobyte:0.0} |"));
}

return 0;

static string Microseconds(double nanoseconds) => (nanoseconds / NanosecondsPerMicrosecond).ToString("0.0", CultureInfo.InvariantCulture);
