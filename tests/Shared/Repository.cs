namespace Containerception.Tests;

/// <summary>Where the things under test are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The program that answers questions from inside a container.</summary>
    public static string Probe { get; } = Path.Combine(Root, "artifacts", "probe");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "containerception.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("no containerception.slnx above the tests");
    }
}
