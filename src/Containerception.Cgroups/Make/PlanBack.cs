using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>The plan that takes a plan back: what its files say now, read before it is played.</summary>
internal static class PlanBack
{
    public static List<CgroupWrite> Of(List<CgroupWrite> plan, Func<CgroupWrite, CgroupNode?> nodeOf)
    {
        List<CgroupWrite> back = [];
        for (int index = plan.Count - 1; index >= 0; index--)
        {
            CgroupWrite? write = plan[index];
            while (write is not null && !TryAdd(back, write, nodeOf(write)))
            {
                write = write.Otherwise;
            }
        }

        return back;
    }

    private static bool TryAdd(List<CgroupWrite> back, CgroupWrite write, CgroupNode? node)
    {
        if (node is null || TryRead(node, write.File) is not { } text)
        {
            return false;
        }

        back.Add(new CgroupWrite(write.Limit, write.Controller, write.File, Values(write, text)) { WhenMissing = WhenMissing.Skip });
        return true;
    }

    // A file that can only be written, as memory.reclaim, keeps nothing that could be set back.
    private static string? TryRead(CgroupNode node, string file)
    {
        try
        {
            return node.TryRead(file);
        }
        catch (LinuxException failure) when (failure.Errno is Errno.EACCES or Errno.EINVAL)
        {
            return null;
        }
    }

    private static List<string> Values(CgroupWrite write, string text)
    {
        List<string> values = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        if (write.File == "memory.oom_control")
        {
            // "oom_kill_disable 0" and counters are read, the bare number is written.
            return [values[0][(values[0].IndexOf(' ', StringComparison.Ordinal) + 1)..]];
        }

        if (NothingFor(write.File) is { } nothing)
        {
            // Only the devices that have a value are told: the others get "none" back.
            foreach (string value in write.Values)
            {
                string device = value.Split(' ')[0];
                if (device.Contains(':', StringComparison.Ordinal) && !values.Exists(line => line.StartsWith(device + " ", StringComparison.Ordinal)))
                {
                    values.Add($"{device} {nothing}");
                }
            }

            return values;
        }

        return values.Count == 0 ? ["\n"] : values;
    }

    private static string? NothingFor(string file) => file switch
    {
        "io.max" => "rbps=max wbps=max riops=max wiops=max",
        "io.weight" or "io.bfq.weight" => "default",
        _ when file.EndsWith("weight_device", StringComparison.Ordinal) => "default",
        _ when file.StartsWith("blkio.throttle.", StringComparison.Ordinal) => "0",
        _ => null,
    };
}
