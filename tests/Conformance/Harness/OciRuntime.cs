namespace Containerception.Conformance.Tests;

/// <summary>
/// The runtime under test: out/ception, or the command in CONTAINERCEPTION_RUNTIME. Any runtime with runc's command line
/// will do; what runc fails too is the test's fault.
/// </summary>
internal sealed class OciRuntime(string stateDirectory, string token)
{
    private static readonly string[] Words =
        (Environment.GetEnvironmentVariable("CONTAINERCEPTION_RUNTIME") ?? Path.Combine(Repository.Root, "out", "ception")).Split(' ');

    private readonly Dictionary<string, string?> _environment = new() { [Leftovers.TokenName] = token };

    /// <summary>ception, runc or crun: the name that <see cref="KnownDifferences"/> lists it under.</summary>
    public static string Name { get; } = Path.GetFileName(Words[^1]);

    /// <summary>The program itself, for the tests that attack it.</summary>
    public static string Program => Words[^1];

    public string StateDirectory => stateDirectory;

    /// <summary>Variables of the runtime's own environment.</summary>
    public IDictionary<string, string?> Variables => _environment;

    /// <summary>The whole command line, with the state directory of this test.</summary>
    public string[] CommandLine(params IEnumerable<string> arguments) => [.. Words, "--root", stateDirectory, .. arguments];

    public Outcome Invoke(params IEnumerable<string> arguments)
    {
        using Command command = Start(arguments);
        return command.Wait();
    }

    public Command Start(params IEnumerable<string> arguments) => new(CommandLine(arguments), environment: _environment);

    /// <summary>Without a state directory on the line, as a user types it.</summary>
    public Outcome InvokeBare(params IEnumerable<string> arguments)
    {
        using Command command = new([.. Words, .. arguments], environment: _environment);
        return command.Wait();
    }

    /// <summary>Behind another program, such as <c>script</c> or a shell that opens descriptors first.</summary>
    public Command StartThrough(IEnumerable<string> wrapper, params IEnumerable<string> arguments)
        => new([.. wrapper, .. CommandLine(arguments)], environment: _environment);
}
