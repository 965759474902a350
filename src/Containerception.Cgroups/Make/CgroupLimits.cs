using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Plays a plan of limits on the groups of a container.</summary>
internal sealed class CgroupLimits(CgroupMode mode, IReadOnlyList<CgroupNode> nodes)
{
    /// <summary>The limits as files of the version that is mounted.</summary>
    public static List<CgroupWrite> Compile(CgroupLayout layout, LinuxResources resources)
        => layout.Mode == CgroupMode.Unified ? LimitsV2.Compile(resources) : LimitsV1.Compile(resources);

    /// <summary>
    /// Writes all of it, in the order that the kernel takes it in. Some limits bound each other (memory with swap is never less than memory, a
    /// quota of a period never more than the parent's), so that which goes first depends on what they were: what is refused is tried again
    /// after the rest, as long as a round gets something done.
    /// </summary>
    public void Play(List<CgroupWrite> plan)
    {
        for (List<CgroupWrite> left = plan; left.Count > 0;)
        {
            List<CgroupWrite> refused = [];
            CgroupException? first = null;
            foreach (CgroupWrite write in left)
            {
                try
                {
                    Play(write);
                }
                catch (CgroupException failure) when (failure.InnerException is LinuxException { Errno: Errno.EINVAL or Errno.EBUSY })
                {
                    first ??= failure;
                    refused.Add(write);
                }
            }

            if (refused.Count == left.Count)
            {
                throw first!;
            }

            left = refused;
        }
    }

    /// <summary>Plays a plan of changes: all of it, or when one is refused none.</summary>
    /// <param name="plan">The changes.</param>
    /// <param name="unit">The scope whose systemd is to know them.</param>
    public void Change(List<CgroupWrite> plan, SystemdUnit? unit)
    {
        List<CgroupWrite> back = PlanBack.Of(plan, write => Find(write.Controller));
        try
        {
            Play(plan);
            if (unit is not null)
            {
                // The kernel first, which says what is wrong; and again, for systemd rounds what it writes.
                SystemdScope.Update(unit, plan);
                Play(plan);
            }
        }
        catch (CgroupException failure)
        {
            TakeBack(back, failure);
            throw;
        }
    }

    /// <summary>With memory.checkBeforeUpdate a limit below what is used is refused, before the kernel would kill for it.</summary>
    public void CheckUsage(MemoryLimits? memory)
    {
        if (memory is not { CheckBeforeUpdate: true } || Find("memory") is not { } node)
        {
            return;
        }

        Check("limit", memory.Limit, node.IsUnified ? "memory.current" : "memory.usage_in_bytes");
        Check("swap", memory.Swap, node.IsUnified ? "memory.current" : "memory.memsw.usage_in_bytes");

        void Check(string name, long? limit, string file)
        {
            if (limit > 0 && node.TryRead(file) is { } text && long.Parse(text, CultureInfo.InvariantCulture) is long usage && usage >= limit)
            {
                throw new CgroupException($"{Validation.Root}.memory.{name}: {limit} is not more than what {node.Path} uses, {usage}");
            }
        }
    }

    /// <summary>Lets the kernel ask a program about device nodes. The program lives as long as the group.</summary>
    public void AttachDevices(BpfInstruction[] program)
    {
        if (program.Length == 0)
        {
            return;
        }

        CgroupNode node = Find(CgroupHierarchy.UnifiedName) ?? throw Lacks("devices", "devices");
        try
        {
            using SafeFileHandle loaded = Bpf.Load(
                BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, program, "Apache-2.0");
            using SafeFileHandle directory = node.OpenFile(".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            Bpf.Attach(directory, loaded, BpfAttachType.BPF_CGROUP_DEVICE, BpfAttachFlags.BPF_F_ALLOW_MULTI);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.EPERM && (Credentials.EffectiveUid != 0 || !Namespaces.IsInitialUser))
        {
            // Who is not root of the machine makes containers in user namespaces, and there nobody can make a device node or open one that is
            // made: user_namespaces(7). What such a container has of devices it was given.
        }
    }

    private void Play(CgroupWrite write)
    {
        if (Find(write.Controller) is not { } node)
        {
            if (write.WhenMissing == WhenMissing.Skip)
            {
                return;
            }

            throw Lacks(write.Limit, write.Controller);
        }

        using SafeFileHandle? file = node.TryOpenFile(write.File, OpenFlags.O_WRONLY);
        if (file is not null)
        {
            WriteAll(file, write);
        }
        else if (write.Otherwise is not null)
        {
            Play(write.Otherwise);
        }
        else if (write.WhenMissing == WhenMissing.Refuse)
        {
            throw LacksFile(write, node);
        }
    }

    private void TakeBack(List<CgroupWrite> back, CgroupException reason)
    {
        try
        {
            Play(back);
        }
        catch (CgroupException failure)
        {
            throw new CgroupException($"{reason.Message}; and setting back what was changed failed: {failure.Message}", reason.Hint, reason);
        }
    }

    private static void WriteAll(SafeFileHandle file, CgroupWrite write)
    {
        foreach (string value in write.Values)
        {
            try
            {
                FileContents.WriteAll(file, Encoding.UTF8.GetBytes(value));
            }
            catch (LinuxException failure) when (write.WhenMissing == WhenMissing.Skip && failure.Errno is (Errno.ENODEV or Errno.ENXIO))
            {
                // A disk that is not there has no limit to be taken back.
            }
            catch (LinuxException failure) when (write.Controller == "devices" && failure.Errno == Errno.EPERM && !Namespaces.IsInitialUser)
            {
                // The kernel takes these from the machine's root alone. In a user namespace nobody makes a device node or opens one that is made,
                // and the rules of the group above hold on.
                return;
            }
            catch (LinuxException failure)
            {
                throw new CgroupException($"{Validation.Root}.{write.Limit}: {failure.Message}", Hint(write, failure.Errno), failure);
            }
        }
    }

    // In version 2 all controllers are in one tree, and a file tells whether its controller is on.
    private CgroupNode? Find(string controller)
    {
        string name = mode == CgroupMode.Unified ? CgroupHierarchy.UnifiedName : controller;
        foreach (CgroupNode node in nodes)
        {
            if (node.Controllers.Contains(name))
            {
                return node;
            }
        }

        return null;
    }

    private static CgroupException Lacks(string limit, string controller)
        => new($"{Validation.Root}.{limit}: this machine mounts no '{controller}' controller",
            $"see /proc/cgroups for what the kernel has; mount -t cgroup -o {controller} {controller} /sys/fs/cgroup/{controller}");

    private static CgroupException LacksFile(CgroupWrite write, CgroupNode node)
    {
        if (node.IsUnified && node.TryRead("cgroup.controllers") is { } controllers && !controllers.Split(' ', '\n').Contains(write.Controller))
        {
            return new($"{Validation.Root}.{write.Limit}: the '{write.Controller}' controller is not there in {node.Path}",
                controllers.Trim().Length == 0 ? "there are no controllers at all" : $"there are {controllers.Trim()}");
        }

        return new($"{Validation.Root}.{write.Limit}: this kernel's '{write.Controller}' controller has no {write.File}");
    }

    private static string? Hint(CgroupWrite write, Errno errno) => (write.Controller, errno) switch
    {
        ("memory", Errno.EBUSY) => "more is in use already than the limit allows",
        ("blkio" or "io", Errno.ENODEV or Errno.ENXIO) => "there is no such block device; a partition cannot be limited, its disk can",
        ("cpuset", Errno.EINVAL or Errno.ERANGE or Errno.EACCES) => "the parent group has no such processors or memory nodes",
        ("cpu", Errno.EINVAL) => "a quota and a period are 1000 to 1000000 microseconds, and no more than the parent group has",
        ("devices", Errno.EPERM) => "the parent group may not use that device itself",
        _ => null,
    };
}
