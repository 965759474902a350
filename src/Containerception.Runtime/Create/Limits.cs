using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>process.rlimits and process.oomScoreAdj, set from outside: root of a user namespace may not raise the ones or lower the other.</summary>
internal static class Limits
{
    public static void Set(int pid, ProcessConfig process)
    {
        if (process.OomScoreAdj is { } score)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/oom_score_adj");
            FileContents.WriteText(Descriptor.WorkingDirectory, path, score.ToString(CultureInfo.InvariantCulture));
        }

        foreach (RlimitConfig limit in process.Rlimits)
        {
            ResourceLimits.Set(pid, ResourceLimits.Parse(limit.Type)!.Value, new ResourceLimit(limit.Soft, limit.Hard));
        }
    }
}
