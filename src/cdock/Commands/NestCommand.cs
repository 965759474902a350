using System.CommandLine;
using System.Globalization;
using Containerception.Engine;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

// cdock nest            the container level-1             the container level-2
// ----------            ---------------------             ---------------------
// makes level-1   -->   cdock nest --level 1
//                 <--   LEVEL HOSTNAME MEMORY PIDNS
// shows it        -->   SIGTERM: it was seen, and may end
//                       makes level-2               -->   cdock nest --level 2
//                 <--   passes it on                <--   LEVEL HOSTNAME MEMORY PIDNS
//                                                         makes level-3, and so on. The last, when the kernel makes no more:
//                 <--                               <--   CALL
//                       ends when its child does    <--   ends
//
/// <summary>
/// <c>cdock nest</c>: a container in a container in a container, each made by the one above it with <c>cdock run --nest</c> of the image <c>host</c>, which is
/// read-only so that no overlay lies on another. What is said goes up by standard output.
/// </summary>
internal static class NestCommand
{
    private const string MemoryDefault = "512m";

    // So that it can be seen that each level has a limit of its own, below that of the level above.
    private const long MemoryLess = 8 << 20;

    private const int SeenMilliseconds = 1000;

    public static Command Create(Output output)
    {
        Option<string> memory = new("--memory", "-m") { Description = $"The most memory of the first level; each has 8m less than the one above it (default: {MemoryDefault}, or none where limits cannot be); 0 is no limit", HelpName = "SIZE" };
        Option<int> level = new("--level") { Description = "The level that this is", Hidden = true };
        Argument<string> depth = new("DEPTH") { Description = "How many levels (default: as many as the kernel makes)", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("nest", "Make a container in a container in a container, and come back") { memory, level, depth };
        command.SetAction(parsed =>
        {
            NestLevel own = new(parsed.GetValue(level), ReadDepth(parsed.GetValue(depth)), ReadMemory(parsed.GetValue(memory)));
            if (own.Number > 0)
            {
                return Stand(own, output);
            }

            using NestWatch watch = new(own, output);
            return watch.Run();
        });
        return command;
    }

    /// <summary>Makes the level below, and stays until it has ended.</summary>
    /// <param name="own">The level that this is; 0 is where the command was given.</param>
    /// <param name="attach">Where what the levels below say goes.</param>
    /// <param name="name">What the container is called; null for anything.</param>
    /// <param name="refused">Is told the call by which the kernel refused to make another level.</param>
    public static int MakeNext(NestLevel own, AttachRequest attach, string? name, Action<string> refused)
    {
        try
        {
            return ContainerEngine.Open(new EngineOptions()).Run(Request(own, name), attach);
        }
        catch (EngineException limit) when (limit.Hint == StartFailure.NoMoreNamespaces)
        {
            refused(limit.Message);
            return ExitCode.Success;
        }
        catch (EngineException failure)
        {
            throw new EngineException(failure.Kind, $"level {own.Number + 1}: {failure.Message}", failure.Hint, failure);
        }
    }

    /// <summary>Says so when the level below was killed. What went wrong further down was told there.</summary>
    public static int Ended(NestLevel own, int exitCode, Output output)
    {
        const int signalBase = 128;
        if (exitCode <= signalBase)
        {
            return exitCode;
        }

        output.Fail($"level {own.Number + 1} was ended by {(Signal)(exitCode - signalBase)}", "from outside, or for want of memory: --memory gives more");
        return ExitCode.Failure;
    }

    private static int Stand(NestLevel own, Output output)
    {
        SignalSet seen = SignalSet.Of(Signal.SIGTERM);
        Signals.BlockForProcess(seen);
        using SafeFileHandle isSeen = Signals.Descriptor(seen);
        output.Standard.WriteLine($"{own.Number}\t{Environment.MachineName}\t{own.MemoryBytes ?? 0}\t{new FileInfo("/proc/self/ns/pid").LinkTarget}");
        try
        {
            return own.Number == own.Depth
                ? ExitCode.Success
                : Ended(own, MakeNext(own, new AttachRequest { SignalProxy = false }, name: null, output.Standard.WriteLine), output);
        }
        finally
        {
            // Of a process that is gone the top could not tell the pid.
            Polling.Poll(isSeen, PollEvents.POLLIN, SeenMilliseconds);
        }
    }

    private static RunRequest Request(NestLevel own, string? name)
    {
        int next = own.Number + 1;
        long? memory = own.Number == 0 ? own.MemoryBytes : own.MemoryBytes - MemoryLess;
        return new RunRequest
        {
            Root = new RootRequest.Host(),
            Command = ["cdock", "nest", "--level", $"{next}", "--memory", $"{memory ?? 0}", .. own.Depth is int depth ? [$"{depth}"] : (string[])[]],
            Name = name,
            Hostname = $"level-{next}",
            AutoRemove = true,
            Attach = ["stdout", "stderr"],
            Nest = true,
            ReadOnly = true,
            Mounts = [MountRequest.ParseTmpfs("/run"), MountRequest.ParseTmpfs("/tmp")],
            Limits = new LimitsRequest { MemoryBytesMax = memory },
            Networking = new NetworkingRequest { Mode = "none" },
            LogDriver = "none",
        };
    }

    // A plain user whom nobody gave groups goes down without limits.
    private static long? ReadMemory(string? text) => text is null && !ContainerEngine.CanLimit ? null : ByteSize.Parse(text ?? MemoryDefault, "--memory").Bytes is > 0 and long bytes ? bytes : null;

    private static int? ReadDepth(string? text) => text is null ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int depth) && depth > 0 ? depth
        : throw new UsageException($"invalid value \"{text}\" for DEPTH", "it is a number from 1 on; without it the kernel says how many") { ExitCode = ExitCode.Failure };
}

/// <summary>A level of <c>cdock nest</c>.</summary>
/// <param name="Number">0 is where the command was given.</param>
/// <param name="Depth">The number of the last; null for as many as the kernel makes.</param>
/// <param name="MemoryBytes">Its limit, or what the first gets; null for none.</param>
internal sealed record NestLevel(int Number, int? Depth, long? MemoryBytes);
