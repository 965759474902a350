namespace Containerception.Kernel.Tests;

/// <summary>Names that came to the headers after Linux 6.1, which Debian 12 has.</summary>
internal static class NewNames
{
    public static IReadOnlyDictionary<string, (int Major, int Minor)> Since { get; } = new Dictionary<string, (int, int)>
    {
        ["MFD_NOEXEC_SEAL"] = (6, 3),
        ["MFD_EXEC"] = (6, 3),
        ["F_SEAL_EXEC"] = (6, 3),
        ["MOVE_MOUNT_BENEATH"] = (6, 5),
        ["PID_FS_MAGIC"] = (6, 9),
        ["MPOL_WEIGHTED_INTERLEAVE"] = (6, 9),
    };
}
