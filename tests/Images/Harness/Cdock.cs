namespace Containerception.Images.Tests;

/// <summary>The published cdock, black box, with a state, a configuration and a docker's config.json of its own.</summary>
public sealed class Cdock : IDisposable
{
    public Cdock()
    {
        Needs.Root();
        Needs.PathTo(Program);
        File.WriteAllText(Config, "{}");
    }

    public static string Program { get; } = Path.Join(Repository.Root, "out/cdock");

    public string Folder { get; } = Directory.CreateTempSubdirectory("cdock-").FullName;

    public string Root => Path.Join(Folder, "root");

    public string Config => Path.Join(Folder, "config.json");

    public string DockerConfig => Path.Join(Folder, "docker");

    internal Outcome Do(params string[] words) => Do(words, input: null);

    internal Outcome Do(string[] words, string? input)
    {
        using Command command = Start(words, input);
        return command.Wait();
    }

    internal Command Start(string[] words, string? input = null) => new([Program, .. words], input, new Dictionary<string, string?>
    {
        ["CDOCK_ROOT"] = Root,
        ["CDOCK_CONFIG"] = Config,
        ["DOCKER_CONFIG"] = DockerConfig,
        ["PATH"] = $"{Folder}:{Environment.GetEnvironmentVariable("PATH")}",
    });

    /// <summary>What it says when it goes well.</summary>
    internal string Says(params string[] words) => Do(words).Succeeded();

    /// <summary>What it complains of, its first line.</summary>
    internal string Fails(params string[] words)
    {
        Outcome outcome = Do(words);
        Assert.True(outcome.Status == 1, outcome.ToString());
        return outcome.Errors.Split('\n')[0];
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
