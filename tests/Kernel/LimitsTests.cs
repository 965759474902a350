using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

/// <summary>rlimits, scheduling, memory policy, personality, and bpf(2) on a cgroup.</summary>
public sealed class LimitsTests
{
    [Fact]
    public void A_limit_reads_back_as_it_was_set()
    {
        ResourceLimit before = ResourceLimits.Get(0, RlimitResource.RLIMIT_CORE);
        ResourceLimits.Set(0, RlimitResource.RLIMIT_CORE, before with { Soft = 0 });
        Assert.Equal(0ul, ResourceLimits.Get(0, RlimitResource.RLIMIT_CORE).Soft);
        ResourceLimits.Set(0, RlimitResource.RLIMIT_CORE, before);

        LinuxException error = Assert.Throws<LinuxException>(() => ResourceLimits.Set(0, RlimitResource.RLIMIT_NOFILE, new ResourceLimit(ResourceLimit.Infinity, 5)));
        Assert.Equal("prlimit64(0, RLIMIT_NOFILE, {rlim_cur=RLIM_INFINITY, rlim_max=5}, NULL): invalid argument (EINVAL)", error.Message);
        Assert.Equal(RlimitResource.RLIMIT_NOFILE, ResourceLimits.Parse("RLIMIT_NOFILE"));
        Assert.Equal(RlimitResource.RLIMIT_RTTIME, ResourceLimits.Parse("rttime"));
        Assert.Null(ResourceLimits.Parse("RLIMIT_NONSENSE"));
    }

    [Fact]
    public void A_thread_is_scheduled_as_it_was_told() => Alone.Run(() =>
    {
        int[] processors = Scheduling.GetAffinity(0);
        Scheduling.SetAffinity(0, [processors[0]]);
        Assert.Equal([processors[0]], Scheduling.GetAffinity(0));
        Scheduling.SetAttributes(0, new SchedAttr { sched_policy = SchedulingPolicy.SCHED_BATCH, sched_nice = 5 });
        SchedAttr attributes = Scheduling.GetAttributes(0);
        Assert.Equal((SchedulingPolicy.SCHED_BATCH, 5), (attributes.sched_policy, attributes.sched_nice));
        Scheduling.SetIoPriority(0, IoPriorityClass.IOPRIO_CLASS_BE, 6);
        Assert.Equal((IoPriorityClass.IOPRIO_CLASS_BE, 6), Scheduling.GetIoPriority(0));

        LinuxException error = Assert.Throws<LinuxException>(() => Scheduling.SetAffinity(0, [8000, 8001]));
        Assert.Equal("sched_setaffinity(0, [8000, 8001]): invalid argument (EINVAL)", error.Message);
        Assert.Throws<LinuxException>(() => Scheduling.SetIoPriority(0, (IoPriorityClass)7, 0));
    });

    [Fact]
    public void Memory_and_personality_are_a_threads_own() => Alone.Run(() =>
    {
        Personalities.Set(PersonalityFlags.ADDR_NO_RANDOMIZE);
        Assert.Equal(PersonalityFlags.ADDR_NO_RANDOMIZE, Personalities.Get());
        MemoryPolicies.Set(MemoryPolicyMode.MPOL_DEFAULT, MemoryPolicyFlags.None, []);

        LinuxException error = Assert.Throws<LinuxException>(() => MemoryPolicies.Set(MemoryPolicyMode.MPOL_BIND, MemoryPolicyFlags.None, [1000]));
        Assert.StartsWith("set_mempolicy(MPOL_BIND|None, [1000]): ", error.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_program_decides_over_devices_of_a_cgroup()
    {
        Needs.Root();
        const string Hierarchy = "/sys/fs/cgroup/unified";
        Needs.PathTo($"{Hierarchy}/cgroup.procs");
        string path = $"{Hierarchy}/kernel-tests-{Environment.ProcessId}";
        Directory.CreateDirectory(path);
        try
        {
            // mov r0, 1; exit
            BpfInstruction[] allow = [new() { code = 0xb7, imm = 1 }, new() { code = 0x95 }];
            using SafeFileHandle cgroup = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            using SafeFileHandle one = Bpf.Load(BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, allow, "Apache-2.0");
            using SafeFileHandle other = Bpf.Load(BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, allow, "Apache-2.0");

            Bpf.Attach(cgroup, one, BpfAttachType.BPF_CGROUP_DEVICE, BpfAttachFlags.BPF_F_ALLOW_MULTI);
            uint first = Assert.Single(Bpf.Query(cgroup, BpfAttachType.BPF_CGROUP_DEVICE));
            using SafeFileHandle found = Bpf.OpenById(first);
            Bpf.Attach(cgroup, other, BpfAttachType.BPF_CGROUP_DEVICE, BpfAttachFlags.BPF_F_ALLOW_MULTI | BpfAttachFlags.BPF_F_REPLACE, found);
            Assert.NotEqual(first, Assert.Single(Bpf.Query(cgroup, BpfAttachType.BPF_CGROUP_DEVICE)));
            Bpf.Detach(cgroup, other, BpfAttachType.BPF_CGROUP_DEVICE);
            Assert.Empty(Bpf.Query(cgroup, BpfAttachType.BPF_CGROUP_DEVICE));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    [Fact]
    public void The_verifier_says_why_it_refuses_a_program()
    {
        Needs.Root();

        LinuxException error = Assert.Throws<LinuxException>(() => Bpf.Load(
            BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, [new BpfInstruction { code = 0x95 }], "Apache-2.0"));

        Assert.StartsWith("bpf(BPF_PROG_LOAD, {BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, 1 instructions}): ", error.Message, StringComparison.Ordinal);
        Assert.Contains("R0 !read_ok", error.Detail, StringComparison.Ordinal);
    }
}
