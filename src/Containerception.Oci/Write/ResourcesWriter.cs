namespace Containerception.Oci;

/// <summary>config.json's <c>linux.resources</c>.</summary>
internal static class ResourcesWriter
{
    public static void Write(ConfigWriter json, LinuxResources resources)
    {
        json.Objects("devices", resources.Devices, WriteDeviceRule);
        json.Object("memory", resources.Memory, WriteMemory);
        json.Object("cpu", resources.Cpu, WriteCpu);
        json.Object("pids", resources.Pids, static (json, pids) => json.Number("limit", pids.Limit));
        json.Object("blockIO", resources.BlockIo, WriteBlockIo);
        json.Objects("hugepageLimits", resources.HugepageLimits, WriteHugepageLimit);
        json.Object("network", resources.Network, WriteNetwork);
        json.ObjectMap("rdma", resources.Rdma, WriteRdma);
        json.TextMap("unified", resources.Unified);
    }

    private static void WriteDeviceRule(ConfigWriter json, DeviceRule rule)
    {
        json.Bool("allow", rule.Allow);
        json.Text("type", rule.Type);
        json.Number("major", rule.Major);
        json.Number("minor", rule.Minor);
        json.Text("access", rule.Access);
    }

    private static void WriteMemory(ConfigWriter json, MemoryLimits memory)
    {
        json.Number("limit", memory.Limit);
        json.Number("reservation", memory.Reservation);
        json.Number("swap", memory.Swap);
        json.Number("kernel", memory.Kernel);
        json.Number("kernelTCP", memory.KernelTcp);
        json.Number("swappiness", memory.Swappiness);
        json.Bool("disableOOMKiller", memory.DisableOomKiller);
        json.Bool("useHierarchy", memory.UseHierarchy);
        json.Bool("checkBeforeUpdate", memory.CheckBeforeUpdate);
    }

    private static void WriteCpu(ConfigWriter json, CpuLimits cpu)
    {
        json.Number("shares", cpu.Shares);
        json.Number("quota", cpu.Quota);
        json.Number("burst", cpu.Burst);
        json.Number("period", cpu.Period);
        json.Number("realtimeRuntime", cpu.RealtimeRuntime);
        json.Number("realtimePeriod", cpu.RealtimePeriod);
        json.Text("cpus", cpu.Cpus);
        json.Text("mems", cpu.Mems);
        json.Number("idle", cpu.Idle);
    }

    private static void WriteBlockIo(ConfigWriter json, BlockIoLimits io)
    {
        json.Number("weight", io.Weight);
        json.Number("leafWeight", io.LeafWeight);
        json.Objects("weightDevice", io.WeightDevice, WriteWeightDevice);
        json.Objects("throttleReadBpsDevice", io.ThrottleReadBpsDevice, WriteThrottleDevice);
        json.Objects("throttleWriteBpsDevice", io.ThrottleWriteBpsDevice, WriteThrottleDevice);
        json.Objects("throttleReadIOPSDevice", io.ThrottleReadIopsDevice, WriteThrottleDevice);
        json.Objects("throttleWriteIOPSDevice", io.ThrottleWriteIopsDevice, WriteThrottleDevice);
    }

    private static void WriteWeightDevice(ConfigWriter json, WeightDevice device)
    {
        json.Number("major", device.Major);
        json.Number("minor", device.Minor);
        json.Number("weight", device.Weight);
        json.Number("leafWeight", device.LeafWeight);
    }

    private static void WriteThrottleDevice(ConfigWriter json, ThrottleDevice device)
    {
        json.Number("major", device.Major);
        json.Number("minor", device.Minor);
        json.Number("rate", device.Rate);
    }

    private static void WriteHugepageLimit(ConfigWriter json, HugepageLimit limit)
    {
        json.Text("pageSize", limit.PageSize);
        json.Number("limit", limit.Limit);
    }

    private static void WriteNetwork(ConfigWriter json, NetworkLimits network)
    {
        json.Number("classID", network.ClassId);
        json.Objects("priorities", network.Priorities, WritePriority);
    }

    private static void WritePriority(ConfigWriter json, InterfacePriority priority)
    {
        json.Text("name", priority.Name);
        json.Number("priority", priority.Priority);
    }

    private static void WriteRdma(ConfigWriter json, RdmaLimits limits)
    {
        json.Number("hcaHandles", limits.HcaHandles);
        json.Number("hcaObjects", limits.HcaObjects);
    }
}
