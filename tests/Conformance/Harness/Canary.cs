namespace Containerception.Conformance.Tests;

/// <summary>A folder of the host, with one file in it, that no container may reach or change.</summary>
internal sealed class Canary
{
    private const string Words = "of the host";

    public Canary(string scratch)
    {
        Folder = Directory.CreateDirectory(Path.Combine(scratch, "outside")).FullName;
        Secret = Path.Combine(Folder, "secret");
        File.WriteAllText(Secret, Words);
        File.SetUnixFileMode(Secret, UnixFileMode.UserRead);
    }

    public string Folder { get; }

    public string Secret { get; }

    /// <summary>What the folder is like now; empty while nothing has touched it.</summary>
    public IEnumerable<string> Changes()
    {
        foreach (string entry in Directory.GetFileSystemEntries(Folder).Where(entry => entry != Secret))
        {
            yield return $"{entry} was made";
        }

        if (File.ReadAllText(Secret) != Words || File.GetUnixFileMode(Secret) != UnixFileMode.UserRead)
        {
            yield return $"{Secret} was changed";
        }
    }

    public void AssertUntouched() => Assert.Empty(Changes());
}
