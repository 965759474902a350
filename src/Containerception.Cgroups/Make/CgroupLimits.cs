using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Plays a plan of limits on the groups of a container.</summary>
internal sealed class CgroupLimits(CgroupMode mode, IReadOnlyList<CgroupNode> nodes)
{
    public void Play(List<CgroupWrite> plan)
    {
        foreach (CgroupWrite write in plan)
        {
            Play(write);
        }
    }

    /// <summary>With memory.checkBeforeUpdate a limit below what is used is refused, before the kernel would kill for it.</summary>
    public void CheckUsage(MemoryLimits? memory)
    {
        if (memory is not { CheckBeforeUpdate: true, Limit: > 0 } || Find("memory") is not { } node)
        {
            return;
        }

        string file = node.IsUnified ? "memory.current" : "memory.usage_in_bytes";
        if (node.TryRead(file) is { } text && long.Parse(text, provider: null) is long usage && usage > memory.Limit)
        {
            throw new CgroupException($"{Validation.Root}.memory.limit: {memory.Limit} is less than what {node.Path} uses, {usage}");
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
        using SafeFileHandle loaded = Bpf.Load(
            BpfProgramType.BPF_PROG_TYPE_CGROUP_DEVICE, BpfAttachType.BPF_CGROUP_DEVICE, program, "Apache-2.0");
        using SafeFileHandle directory = node.OpenFile(".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        Bpf.Attach(directory, loaded, BpfAttachType.BPF_CGROUP_DEVICE, BpfAttachFlags.BPF_F_ALLOW_MULTI);
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

    private static void WriteAll(SafeFileHandle file, CgroupWrite write)
    {
        foreach (string value in write.Values)
        {
            try
            {
                FileContents.WriteAll(file, Encoding.UTF8.GetBytes(value));
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
