using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

// Version 1: writing a pid into cgroup.procs takes the kernel's lock over all thread groups, which after a pause costs a grace period of RCU:
// 8 to 15 ms. A process with one thread that writes "0", itself, into tasks does not need that lock: 0.2 ms for eight trees.
// Version 2: clone3(CLONE_INTO_CGROUP) needs no lock either, and the child never runs outside.

/// <summary>The open doors of a container's groups, for the process that is about to be made. All are close-on-exec.</summary>
public sealed class CgroupEntry : IDisposable
{
    internal CgroupEntry(SafeFileHandle? unified, ImmutableArray<SafeFileHandle> tasks)
    {
        Unified = unified;
        Tasks = tasks;
    }

    /// <summary>Version 2's directory, for clone3's CLONE_INTO_CGROUP; null where version 2 is not mounted.</summary>
    public SafeFileHandle? Unified { get; }

    /// <summary>Version 1's tasks files: the new process writes "0" to each, before it makes threads and before it leaves its namespaces.</summary>
    public ImmutableArray<SafeFileHandle> Tasks { get; }

    /// <summary>Takes the doors of a container's groups, if it has any, and of what else is entered by writing "0" to a tasks file.</summary>
    public static CgroupEntry Join(CgroupEntry? entry, ImmutableArray<SafeFileHandle> tasks)
        => new(entry?.Unified, entry is null ? tasks : entry.Tasks.AddRange(tasks));

    /// <inheritdoc/>
    public void Dispose()
    {
        Unified?.Dispose();
        foreach (SafeFileHandle file in Tasks)
        {
            file.Dispose();
        }
    }
}
