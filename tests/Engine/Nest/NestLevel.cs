namespace Containerception.Engine.Tests;

/// <summary>
/// Level 1: a container that nests and runs as long as the tests of a class. Level 2 is made in it by its own engine. On the machine and in level 1 there is a file that is
/// nobody else's; what hostile images and programs are made of lies in /hand.
/// </summary>
public abstract class NestLevel : IDisposable
{
    /// <summary>The path of level 1's file, and what both begin with.</summary>
    public const string Secret = "/outside/secret";

    private const string OfLevel1 = "of level 1";
    private const string OfTheMachine = "of the machine";

    private readonly NestRoot _root = new();
    private readonly string _top = Directory.CreateTempSubdirectory("cdock-levels-").FullName;
    private int _scripts;

    protected NestLevel()
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        Needs.PathTo(Repository.Probe);
        Directory.CreateDirectory(Hand);
        Directory.CreateDirectory(Path.GetDirectoryName(MachinesSecret)!);
        File.SetUnixFileMode(_top, (UnixFileMode)0x1ED);
        File.Copy(Repository.Probe, Path.Join(Hand, "probe"));
        File.WriteAllText(MachinesSecret, OfTheMachine);
    }

    private string Hand => Path.Join(_top, "hand");

    private string MachinesSecret => Path.Join(_top, "outside/secret");

    /// <summary>Whether somebody has handed control groups to level 1's engine.</summary>
    public bool HasGroups => !Level1("cdock run --rm --nest --explain --network none base true 2>&1").Output.Contains("nest: leave the cgroups as they are", StringComparison.Ordinal);

    /// <summary>Of the engine whose container level 1 is.</summary>
    protected abstract Outcome Command(params string[] words);

    /// <summary>Starts it, when its engine is there.</summary>
    protected void Start()
    {
        string start = $"""
            mkdir /outside; echo {OfLevel1} >{Secret}; busybox chmod 400 {Secret}
            touch /dev/mqueue/level1 /dev/shm/level1
            cdock import /root.tar base >/dev/null; echo ready
            exec sleep 98765
            """;
        Assert.Equal(0, Command("import", _root.Archive, "base").ExitCode);
        Outcome outcome = Command("run", "-d", "--name", "level1", "--nest", "-v", $"{_root.Archive}:/root.tar:ro", "-v", $"{Hand}:/hand:ro", "base", "sh", "-c", start);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Cdock.Until(() => Command("logs", "level1").Output == "ready\n", "level 1 has its image");
    }

    /// <summary>Gives level 1 a file: its path there.</summary>
    public string Give(string name, byte[] content)
    {
        File.WriteAllBytes(Path.Join(Hand, name), content);
        return $"/hand/{name}";
    }

    /// <summary>A script at level 1, as its root.</summary>
    public Outcome Level1(string script, params string[] flags) => Command(["exec", .. flags, "level1", "sh", "-c", script]);

    public string Says(string script)
    {
        Outcome outcome = Level1(script);
        Assert.True(outcome.ExitCode == 0, $"exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output.TrimEnd('\n');
    }

    /// <summary>A script in a container of level 1's engine, which has /hand too.</summary>
    public Outcome Level2(string script, string flags = "--nest")
        => Level1($"exec cdock run --rm --network none -v /hand:/hand:ro {flags} base sh {GiveScript(script)}");

    /// <summary>For a command of level 1's engine.</summary>
    public string GiveScript(string script) => Give($"script{_scripts++}", System.Text.Encoding.UTF8.GetBytes(script));

    /// <summary>Of neither the machine nor level 1 anything was changed, and nothing is lying beside.</summary>
    public void AssertUntouched()
    {
        Assert.Equal(OfTheMachine, File.ReadAllText(MachinesSecret));
        Assert.Equal([MachinesSecret], Directory.GetFileSystemEntries(Path.GetDirectoryName(MachinesSecret)!));
        Assert.Equal($"secret\n{OfLevel1}\n400", Says($"ls -A /outside; cat {Secret}; stat -c %a {Secret}"));
        Assert.Equal("no\n", Level1("[ -e /pwned ] && echo yes || echo no").Output);
    }

    public void Dispose()
    {
        Finish();
        Directory.Delete(_top, recursive: true);
        _root.Dispose();
        GC.SuppressFinalize(this);
    }

    protected abstract void Finish();
}

/// <summary>Level 1 of root's engine: it has ids that are nobody's on the machine, and level 2 has the same.</summary>
public sealed class RootsLevel : NestLevel
{
    private readonly Cdock _cdock = new();

    public RootsLevel() => Start();

    protected override Outcome Command(params string[] words) => _cdock.Do(words, input: null);

    protected override void Finish() => _cdock.Dispose();
}

/// <summary>Level 1 of a plain user's engine: who is root there, and at level 2, has his uid.</summary>
public sealed class PlainUsersLevel : NestLevel
{
    private readonly PlainUser _user = new();

    public PlainUsersLevel() => Start();

    protected override Outcome Command(params string[] words) => _user.Do(words);

    protected override void Finish() => _user.Dispose();
}
