namespace Containerception.Oci;

/// <summary>config.json's <c>linux.resources</c>.</summary>
internal static class ResourcesReader
{
    public static LinuxResources Read(ConfigNode resources) => new()
    {
        Devices = resources.Objects("devices", ReadDeviceRule),
        Memory = resources.Object("memory", ReadMemory),
        Cpu = resources.Object("cpu", ReadCpu),
        Pids = resources.Object("pids", ReadPids),
        BlockIo = resources.Object("blockIO", ReadBlockIo),
        HugepageLimits = resources.Objects("hugepageLimits", ReadHugepageLimit),
        Network = resources.Object("network", ReadNetwork),
        Rdma = resources.ObjectMap("rdma", ReadRdma),
        Unified = resources.TextMap("unified"),
    };

    private static DeviceRule ReadDeviceRule(ConfigNode rule) => new()
    {
        Allow = rule.Bool("allow") ?? false,
        Type = rule.Text("type") is { Length: > 0 } type ? type : null,
        Major = rule.Long("major"),
        Minor = rule.Long("minor"),
        Access = rule.Text("access"),
    };

    private static MemoryLimits ReadMemory(ConfigNode memory) => new()
    {
        Limit = memory.Long("limit"),
        Reservation = memory.Long("reservation"),
        Swap = memory.Long("swap"),
        Kernel = memory.Long("kernel"),
        KernelTcp = memory.Long("kernelTCP"),
        Swappiness = memory.ULong("swappiness"),
        DisableOomKiller = memory.Bool("disableOOMKiller"),
        UseHierarchy = memory.Bool("useHierarchy"),
        CheckBeforeUpdate = memory.Bool("checkBeforeUpdate"),
    };

    private static CpuLimits ReadCpu(ConfigNode cpu) => new()
    {
        Shares = cpu.ULong("shares"),
        Quota = cpu.Long("quota"),
        Burst = cpu.ULong("burst"),
        Period = cpu.ULong("period"),
        RealtimeRuntime = cpu.Long("realtimeRuntime"),
        RealtimePeriod = cpu.ULong("realtimePeriod"),
        Cpus = cpu.Text("cpus"),
        Mems = cpu.Text("mems"),
        Idle = cpu.Long("idle"),
    };

    private static PidsLimits ReadPids(ConfigNode pids) => new() { Limit = pids.Long("limit") };

    private static BlockIoLimits ReadBlockIo(ConfigNode io) => new()
    {
        Weight = io.UShort("weight"),
        LeafWeight = io.UShort("leafWeight"),
        WeightDevice = io.Objects("weightDevice", ReadWeightDevice),
        ThrottleReadBpsDevice = io.Objects("throttleReadBpsDevice", ReadThrottleDevice),
        ThrottleWriteBpsDevice = io.Objects("throttleWriteBpsDevice", ReadThrottleDevice),
        ThrottleReadIopsDevice = io.Objects("throttleReadIOPSDevice", ReadThrottleDevice),
        ThrottleWriteIopsDevice = io.Objects("throttleWriteIOPSDevice", ReadThrottleDevice),
    };

    private static WeightDevice ReadWeightDevice(ConfigNode device) => new()
    {
        Major = device.Long("major") ?? 0,
        Minor = device.Long("minor") ?? 0,
        Weight = device.UShort("weight"),
        LeafWeight = device.UShort("leafWeight"),
    };

    private static ThrottleDevice ReadThrottleDevice(ConfigNode device) => new()
    {
        Major = device.Long("major") ?? 0,
        Minor = device.Long("minor") ?? 0,
        Rate = device.ULong("rate") ?? 0,
    };

    private static HugepageLimit ReadHugepageLimit(ConfigNode limit) => new()
    {
        PageSize = limit.RequiredText("pageSize"),
        Limit = limit.ULong("limit") ?? 0,
    };

    private static NetworkLimits ReadNetwork(ConfigNode network) => new()
    {
        ClassId = network.UInt("classID"),
        Priorities = network.Objects("priorities", ReadPriority),
    };

    private static InterfacePriority ReadPriority(ConfigNode priority) => new()
    {
        Name = priority.RequiredText("name"),
        Priority = priority.UInt("priority") ?? 0,
    };

    private static RdmaLimits ReadRdma(ConfigNode limits) => new()
    {
        HcaHandles = limits.UInt("hcaHandles"),
        HcaObjects = limits.UInt("hcaObjects"),
    };
}
