using System.Runtime;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>The memory of this process. A supervisor may live for months, one for each container, and needs little of what starting one took.</summary>
internal static class ProcessMemory
{
    public static void GiveBack()
    {
        // Read first, so that what that takes is given back too.
        IReadOnlyList<FilePages> clean = CleanFilePages();
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

        // libseccomp's and the collector's own.
        Memory.TrimHeap();

        // Last, code and constants: of those that made the container few are needed to wait for its end.
        foreach (FilePages pages in clean)
        {
            Memory.Forget(pages);
        }
    }

    // Where no descriptor is left to ask with, the pages stay: nobody's container ends for that.
    private static IReadOnlyList<FilePages> CleanFilePages()
    {
        try
        {
            return Memory.CleanFilePages();
        }
        catch (LinuxException)
        {
            return [];
        }
    }
}
