namespace Containerception.Engine;

/// <summary>How much is in a directory.</summary>
internal static class DiskUse
{
    /// <summary>The lengths of all files below a directory, each name counted; links are not followed. Zero where there is none.</summary>
    public static long Of(string directory)
    {
        EnumerationOptions everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        return Directory.Exists(directory)
            ? new DirectoryInfo(directory).EnumerateFiles("*", everything).Where(file => file.LinkTarget is null).Sum(file => file.Exists ? file.Length : 0)
            : 0;
    }
}
