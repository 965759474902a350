using System.Runtime;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The memory of this process. A supervisor may live for months, one for each container, and needs little of what starting one took.</summary>
internal static class ProcessMemory
{
    public static void GiveBack()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

        // libseccomp's and the collector's own.
        Memory.TrimHeap();
    }
}
