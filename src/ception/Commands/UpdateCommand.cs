using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary><c>ception update</c>.</summary>
internal static class UpdateCommand
{
    private const int DocumentBytesMax = 4 << 20;
    private const int StandardInputNumber = 0;

    private static readonly Flag Resources = Flag.Path("resources", "r", "file with a linux.resources document, or - for standard input, in place of the other flags");
    private static readonly Flag BlkioWeight = Flag.Number("blkio-weight", "share of the disks' time, 10 to 1000");
    private static readonly Flag CpuPeriod = Flag.Text("cpu-period", "microseconds of which --cpu-quota is a part");
    private static readonly Flag CpuQuota = Flag.Text("cpu-quota", "microseconds of processor time in each period, -1 for no limit");
    private static readonly Flag CpuBurst = Flag.Text("cpu-burst", "microseconds of unused quota that may be saved up");
    private static readonly Flag CpuShare = Flag.Text("cpu-share", "weight beside other containers, 2 to 262144");
    private static readonly Flag CpuRtPeriod = Flag.Text("cpu-rt-period", "microseconds of which --cpu-rt-runtime is a part (cgroup v1)");
    private static readonly Flag CpuRtRuntime = Flag.Text("cpu-rt-runtime", "microseconds of real-time scheduling in each period (cgroup v1)");
    private static readonly Flag CpusetCpus = Flag.Text("cpuset-cpus", "processors: 0-3,7");
    private static readonly Flag CpusetMems = Flag.Text("cpuset-mems", "memory nodes: 0-1");
    private static readonly Flag KernelMemory = Flag.Text("kernel-memory", "does nothing, as the kernel's limit is gone") with { Hidden = true };
    private static readonly Flag KernelMemoryTcp = Flag.Text("kernel-memory-tcp", "does nothing, as the kernel's limit is gone") with { Hidden = true };
    private static readonly Flag Memory = Flag.Text("memory", "bytes, or with a unit: 64M; -1 for no limit");
    private static readonly Flag CpuIdle = Flag.Text("cpu-idle", "1 to run only when nobody else wants to, 0 not to");
    private static readonly Flag MemoryReservation = Flag.Text("memory-reservation", "bytes that are left to it when memory is short");
    private static readonly Flag MemorySwap = Flag.Text("memory-swap", "bytes of memory and swap together, -1 for no limit");
    private static readonly Flag PidsLimit = Flag.Number("pids-limit", "processes and threads, -1 for no limit");
    private static readonly Flag L3CacheSchema = Flag.Text("l3-cache-schema", "Intel RDT's share of the cache: L3:0=ff0");
    private static readonly Flag MemBwSchema = Flag.Text("mem-bw-schema", "Intel RDT's share of the memory's bandwidth: MB:0=70");

    public static Verb Verb { get; } = new("update", "change the limits of a container")
    {
        Description =
        [
            "What is not given stays as it is, and so do the devices. When the kernel refuses one of the changes, none is made.",
        ],
        Examples = ["ception update --memory 64M --pids-limit 100 c1", "ception update --resources limits.json c1"],
        Flags =
        [
            Resources, BlkioWeight, CpuPeriod, CpuQuota, CpuBurst, CpuShare, CpuRtPeriod, CpuRtRuntime, CpusetCpus, CpusetMems, KernelMemory,
            KernelMemoryTcp, Memory, CpuIdle, MemoryReservation, MemorySwap, PidsLimit, L3CacheSchema, MemBwSchema,
        ],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        ParsedFlags flags = call.Flags;
        if (flags.Has(KernelMemory) || flags.Has(KernelMemoryTcp))
        {
            call.Log.Warning("Kernel memory settings are ignored and will be removed");
        }

        call.OpenRuntime().Update(new UpdateRequest
        {
            Id = call.Id,
            Document = flags.Text(Resources) is { Length: > 0 } path ? ReadDocument(flags, path) : null,
            Resources = Limits(flags),
            L3CacheSchema = flags.Text(L3CacheSchema) is { Length: > 0 } cache ? cache : null,
            MemBwSchema = flags.Text(MemBwSchema) is { Length: > 0 } bandwidth ? bandwidth : null,
        });
        return ExitCode.Fine;
    }

    private static LinuxResources Limits(ParsedFlags flags) => new()
    {
        Memory = new()
        {
            Limit = Bytes(flags, Memory),
            Reservation = Bytes(flags, MemoryReservation),
            Swap = Bytes(flags, MemorySwap),
        },
        Cpu = new()
        {
            Shares = Positive(flags, CpuShare),
            Quota = Signed(flags, CpuQuota),
            Period = Positive(flags, CpuPeriod),
            Burst = Positive(flags, CpuBurst),
            RealtimeRuntime = Signed(flags, CpuRtRuntime),
            RealtimePeriod = Positive(flags, CpuRtPeriod),
            Cpus = flags.Text(CpusetCpus),
            Mems = flags.Text(CpusetMems),
            Idle = Signed(flags, CpuIdle),
        },
        Pids = flags.Has(PidsLimit) ? new() { Limit = flags.Number(PidsLimit) } : null,
        BlockIo = flags.Number(BlkioWeight) is { } weight and not 0
            ? new() { Weight = weight is > 0 and <= ushort.MaxValue ? (ushort)weight : throw Wrong(BlkioWeight, $"{weight}", "10 to 1000") }
            : null,
    };

    private static byte[] ReadDocument(ParsedFlags flags, string path)
    {
        // runc passes over them; who gives both expects both to count.
        if (Array.Find(Verb.Flags, flag => flag != Resources && flags.Has(flag)) is { } other)
        {
            throw new ContainerException(FailureKind.Invalid, $"--{other.Name} cannot be given together with --{Resources.Name}");
        }

        if (path == "-")
        {
            using SafeFileHandle input = new(StandardInputNumber, ownsHandle: false);
            return FileContents.ReadAll(input, DocumentBytesMax);
        }

        using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY);
        return FileContents.ReadAll(file, DocumentBytesMax);
    }

    private static long? Bytes(ParsedFlags flags, Flag flag)
        => flags.Text(flag) is not { Length: > 0 } text ? null
            : ByteSize.TryParse(text, out long bytes) ? bytes
            : throw Wrong(flag, text, "a number, with b, k, m, g, t or p behind it or nothing, or -1");

    private static long? Signed(ParsedFlags flags, Flag flag)
        => flags.Text(flag) is not { Length: > 0 } text ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number
            : throw Wrong(flag, text, "a whole number");

    private static ulong? Positive(ParsedFlags flags, Flag flag)
        => flags.Text(flag) is not { Length: > 0 } text ? null
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number
            : throw Wrong(flag, text, "a whole number from 0 on");

    private static ContainerException Wrong(Flag flag, string text, string wanted)
        => new(FailureKind.Invalid, $"invalid value for {flag.Name}: must be {wanted}, not \"{text}\"");
}
