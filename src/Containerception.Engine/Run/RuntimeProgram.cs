using System.Collections;
using System.Collections.Immutable;
using System.Text;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The OCI runtime, as a program: cdock drives it by its command line alone, so any runtime will do.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="StateRoot">Its <c>--root</c>.</param>
internal sealed record RuntimeProgram(string Path, string StateRoot)
{
    private const int OutputBytesMax = 1 << 20;
    private const string SupervisorName = "ception";

    /// <summary>It is the supervisor's own program: then the supervisor does what it would do.</summary>
    public bool IsSupervisor => Path == Programs.Find(SupervisorName);

    /// <summary>The program that keeps a container: ception, whatever the runtime.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>: no such program.</exception>
    public static string Supervisor() => Programs.Find(SupervisorName) ?? throw new EngineException(
        FailureKind.NotFound, $"`{SupervisorName}`, which keeps containers, is neither beside cdock nor in PATH", "install both programs in one directory");

    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>: no such program.</exception>
    public static RuntimeProgram Find(EngineOptions options) => TryFind(options) ?? throw new EngineException(
        FailureKind.NotFound, $"the runtime `{options.Runtime ?? SupervisorName}` is neither beside cdock nor in PATH", "choose one with --runtime: ception, runc, crun");

    /// <summary>The same; null where there is none.</summary>
    public static RuntimeProgram? TryFind(EngineOptions options)
        => Programs.Find(options.Runtime ?? SupervisorName) is string path ? new RuntimeProgram(path, options.RuntimeRoot(path)) : null;

    /// <summary>
    /// The file of a program that nobody can write: ception joins a container only as such, and would start itself once more to be one. Null where the kernel
    /// makes none, and for a script, which its interpreter opens once more.
    /// </summary>
    public static SafeFileHandle? TrySeal(string program)
    {
        Span<byte> beginning = stackalloc byte[2];
        using SafeFileHandle file = Files.Open(program, OpenFlags.O_RDONLY);
        using SafeFileHandle? tree = FileContents.Read(file, beginning) == 2 && beginning.SequenceEqual("#!"u8) ? null : NewMounts.TryCloneReadOnly(program);

        // Above what the program will have at its start: it is executed by its number when those are there already.
        return tree is null ? null : Descriptors.Duplicate(tree, LateMessage.SocketNumber + 1);
    }

    /// <summary>Starts <c>exec</c> while it is looked for what it is to execute. Null where that is not possible.</summary>
    public LateProgram? TryStartLate(SpawnStreams streams, SpawnFlags flags)
        => IsSupervisor ? LateProgram.TryStart([Path, LateMessage.Verb], streams, flags) : null;

    /// <summary>Starts <c>exec</c> and leaves it running. What it gets of the standard streams, the container gets.</summary>
    public int StartExec(IReadOnlyList<string> globals, IReadOnlyList<string> arguments, SpawnStreams streams, SpawnFlags flags, SafeFileHandle? third = null)
    {
        using SafeFileHandle? sealedFile = IsSupervisor ? TrySeal(Path) : null;
        string file = sealedFile is null ? Path : Descriptor.MagicLink(sealedFile);
        return Start(file, [.. globals, "exec", .. arguments], streams, flags, third);
    }

    /// <summary>The same of one that was started before.</summary>
    /// <returns>Its pid.</returns>
    public int FinishExec(LateProgram late, IReadOnlyList<string> globals, IReadOnlyList<string> arguments)
    {
        // If it does not live any more, how it ended tells its pid.
        late.Tell([.. Globals(), .. globals, "exec", .. arguments]);
        return late.Pid;
    }

    /// <summary>Runs the runtime to its end and returns what it wrote to standard output and error.</summary>
    public (int ExitCode, string Output, string Error) Call(params ReadOnlySpan<string> arguments)
    {
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDONLY);
        using SafeFileHandle output = MemoryFiles.Create("output");
        using SafeFileHandle error = MemoryFiles.Create("error");
        int pid = Start(Path, [.. arguments], new SpawnStreams(nothing, output, error), SpawnFlags.None);
        int exitCode = Waiting.Wait(pid).ExitCode;
        return (exitCode, Text(output), Text(error));
    }

    /// <summary>Where failures go: to a file, to be told in cdock's words. Only ception can keep them off standard error.</summary>
    public ImmutableArray<string> LogArguments(string path) => System.IO.Path.GetFileName(Path) == SupervisorName
        ? ["--log", path, "--log-format", "json", "--log-only"]
        : ["--log", path, "--log-format", "json"];

    public static ImmutableArray<string> CallersEnvironment()
    {
        // A loop: the chain of calls that would say it in a line is put together by the runtime's type loader, at each start anew.
        List<string> variables = [];
        foreach (DictionaryEntry one in Environment.GetEnvironmentVariables())
        {
            variables.Add($"{one.Key}={one.Value}");
        }

        return [.. variables];
    }

    /// <summary>Its state directory, made by us, so that nobody else can read it: runtimes differ in the mode.</summary>
    public string MakeStateRoot()
        => Directory.CreateDirectory(StateRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    private int Start(string file, IReadOnlyList<string> arguments, SpawnStreams streams, SpawnFlags flags, SafeFileHandle? third = null)
        => Spawning.PosixSpawn(
            file, [Path, .. Globals(), .. arguments], CallersEnvironment(), streams.Input, streams.Output, streams.Error, flags, third);

    private ImmutableArray<string> Globals() => ["--root", MakeStateRoot()];

    private static string Text(SafeFileHandle file)
    {
        MemoryFiles.Rewind(file);
        return Encoding.UTF8.GetString(FileContents.ReadAll(file, OutputBytesMax));
    }
}

/// <summary>What becomes a program's descriptors 0 to 2; null is the caller's own.</summary>
internal sealed record SpawnStreams(SafeFileHandle? Input, SafeFileHandle? Output, SafeFileHandle? Error);
