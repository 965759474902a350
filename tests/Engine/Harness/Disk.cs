namespace Containerception.Engine.Tests;

/// <summary>The disk that tests write to.</summary>
internal static class Disk
{
    /// <summary>The whole disk's device, since partitions have no throttle; null when /tmp is on none.</summary>
    public static string? BehindTemporaryFiles()
    {
        string? source = File.ReadLines("/proc/mounts").Select(line => line.Split(' '))
            .Where(fields => Path.GetTempPath().StartsWith(fields[1].TrimEnd('/') + "/", StringComparison.Ordinal) && fields[0].StartsWith("/dev/", StringComparison.Ordinal))
            .OrderByDescending(fields => fields[1].Length).Select(fields => fields[0]).FirstOrDefault();
        return source is not null && Directory.Exists("/sys/block/" + Path.GetFileName(source)) && File.Exists(source) ? source : null;
    }
}
