using System.Collections;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The OCI runtime, as a program: cdock drives it by its command line alone, so any runtime will do.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="StateRoot">Its <c>--root</c>.</param>
internal sealed record RuntimeProgram(string Path, string StateRoot)
{
    private const int OutputBytesMax = 1 << 20;

    /// <summary>ception tells what it does; the others cannot.</summary>
    public bool Explains => System.IO.Path.GetFileName(Path) == "ception";

    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>: no such program.</exception>
    public static RuntimeProgram Find(EngineOptions options)
    {
        string name = options.Runtime ?? "ception";
        string path = Programs.Find(name) ?? throw new EngineException(
            FailureKind.NotFound, $"the runtime `{name}` is neither beside cdock nor in PATH", "choose one with --runtime: ception, runc, crun");
        return new RuntimeProgram(path, options.RuntimeRoot(path));
    }

    /// <summary>Starts the runtime and leaves it running. What it gets of the standard streams, the container gets.</summary>
    public int Start(IReadOnlyList<string> arguments, SpawnStreams streams, SpawnFlags flags)
        => Spawning.PosixSpawn(
            Path, [Path, .. Globals(), .. arguments], CallersEnvironment(), streams.Input, streams.Output, streams.Error, flags);

    /// <summary>Runs the runtime to its end and returns what it wrote to standard output and error.</summary>
    public (int ExitCode, string Output, string Error) Call(params ReadOnlySpan<string> arguments)
    {
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDONLY);
        using SafeFileHandle output = MemoryFiles.Create("output");
        using SafeFileHandle error = MemoryFiles.Create("error");
        int pid = Start([.. arguments], new SpawnStreams(nothing, output, error), SpawnFlags.None);
        int exitCode = Waiting.Wait(pid).ExitCode;
        return (exitCode, Text(output), Text(error));
    }

    /// <summary>Where failures go: to a file, to be told in cdock's words. Only ception can keep them off standard error.</summary>
    public ImmutableArray<string> LogArguments(string path, bool explains) => Explains
        ? ["--log", path, "--log-format", explains ? "explain" : "json", "--log-only"]
        : ["--log", path, "--log-format", "json"];

    /// <summary>What the runtime says of a container; null when it does not know it.</summary>
    public RuntimeState? State(string id)
    {
        (int exitCode, string output, _) = Call("state", id);
        if (exitCode != 0)
        {
            return null;
        }

        using JsonDocument state = JsonDocument.Parse(output);
        return new RuntimeState(state.RootElement.GetProperty("status").GetString()!, state.RootElement.GetProperty("pid").GetInt32());
    }

    public static ImmutableArray<string> CallersEnvironment()
        => [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(one => $"{one.Key}={one.Value}")];

    private ImmutableArray<string> Globals()
    {
        // Made by us, so that nobody else can read it: runtimes differ in the mode.
        Directory.CreateDirectory(StateRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return ["--root", StateRoot];
    }

    private static string Text(SafeFileHandle file)
    {
        MemoryFiles.Rewind(file);
        return Encoding.UTF8.GetString(FileContents.ReadAll(file, OutputBytesMax));
    }
}

/// <summary>What becomes a program's descriptors 0 to 2; null is the caller's own.</summary>
internal sealed record SpawnStreams(SafeFileHandle? Input, SafeFileHandle? Output, SafeFileHandle? Error);

/// <summary>The <c>state</c> of a container.</summary>
internal sealed record RuntimeState(string Status, int Pid)
{
    public bool IsAlive => Status != "stopped";
}
