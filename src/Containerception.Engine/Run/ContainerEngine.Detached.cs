using System.Globalization;
using System.Text;
using System.Text.Json;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

// cdock run --detach                            cdock supervise ID, a session of its own
// ------------------                            ----------------------------------------
// claims the container, starts the supervisor
//   descriptor 0: the directory's lock    -->   holds it from now on
//   descriptor 1: a pipe                  <--   end of file: the program runs
//                                         <--   {kind, message, hint}: it does not, and nothing is left
//   descriptor 2: the container's log           waits for the program, cleans up
public sealed partial class ContainerEngine
{
    private const int ReportBytesMax = 1 << 16;

    /// <summary>Makes a container and returns once its program runs. What that writes goes to <c>log</c> in the container's directory.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="supervisor">A command that calls <see cref="Supervise"/> in a program of its own; the id is put behind it.</param>
    /// <returns>The container's id.</returns>
    /// <exception cref="EngineException">The program was not started.</exception>
    public string RunDetached(RunRequest request, IReadOnlyList<string> supervisor)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(supervisor);
        if (request.Tty || request.Interactive)
        {
            throw new EngineException(
                FailureKind.Unsupported, "--detach with --tty or --interactive is not supported: nothing can attach to it yet",
                "leave -i and -t out");
        }

        RuntimeProgram runtime = RuntimeProgram.Find(_options);
        Sweep();
        using Undo undo = new();
        Claimed claimed = Claim(request, runtime, undo);
        File.WriteAllBytes(
            Path.Join(claimed.Directory.Path, "request.json"),
            JsonSerializer.SerializeToUtf8Bytes(DetachedRoot.Of(request), EngineJson.Default.DetachedRoot));
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        {
            using (write)
            using (SafeFileHandle log = Files.Open(
                claimed.Directory.OutputLog, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND,
                UnixFileMode.UserRead | UnixFileMode.UserWrite))
            {
                Spawning.PosixSpawn(
                    supervisor[0], [.. supervisor, claimed.Directory.Id], RuntimeProgram.CallersEnvironment(),
                    claimed.Directory.Lock, write, log, SpawnFlags.POSIX_SPAWN_SETSID);
            }

            byte[] report = FileContents.ReadAll(read, ReportBytesMax);
            undo.Keep();
            claimed.Directory.Dispose();
            return report.Length == 0
                ? claimed.Directory.Id
                : throw (JsonSerializer.Deserialize(report, EngineJson.Default.DetachedFailure)?.ToException()
                    ?? new EngineException(FailureKind.System, $"the supervisor said: {Encoding.UTF8.GetString(report)}"));
        }
    }

    /// <summary>Runs a container that <see cref="RunDetached"/> has claimed, to its end. Descriptor 0 must be its lock, 1 a pipe, 2 its log.</summary>
    public void Supervise(string id)
    {
        using SafeFileHandle report = TakeReport();
        (string path, ContainerRecord record) = _store.Find(id);
        using ContainerDirectory directory = ContainerDirectory.TakeInherited(path);
        using Undo undo = new();
        undo.Add(() => Forget(directory, record.Name));
        try
        {
            int pid = CreateAndStart(directory, record);
            report.Dispose();
            int exitCode = Waiting.Wait(pid).ExitCode;
            Of(record).Call("delete", "--force", record.Id);
            if (!record.AutoRemove)
            {
                directory.Write(record with { Started = record.Created, Finished = _options.Clock.GetUtcNow(), ExitCode = exitCode });
                undo.Keep();
            }

            undo.Dispose();
        }
        catch (EngineException failure)
        {
            Of(record).Call("delete", "--force", record.Id);
            undo.Dispose();
            FileContents.WriteAll(report, JsonSerializer.SerializeToUtf8Bytes(DetachedFailure.Of(failure), EngineJson.Default.DetachedFailure));
        }
    }

    // The other end reads to the end of file, so no copy may stay: standard output becomes the log, as standard error is.
    private static SafeFileHandle TakeReport()
    {
        SafeFileHandle report = Descriptors.Duplicate(Descriptors.Borrow(1));
        Descriptors.DuplicateTo(Descriptors.Borrow(2), 1, closeOnExec: false);
        return report;
    }

    private int CreateAndStart(ContainerDirectory directory, ContainerRecord record)
    {
        RuntimeProgram runtime = Of(record);
        RootPlan root = new RootPlanner(directory.Path, directory.Id, Environment.IsPrivilegedProcess).Plan(directory.ReadDetachedRoot().ToRequest());
        directory.Write(record with { Started = _options.Clock.GetUtcNow() });

        // create leaves the container to whoever adopts orphans: that must be us, to hear of its end.
        Prctl.IsChildSubreaper = true;
        string pidFile = Path.Join(directory.Path, "pid");
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDONLY);
        using SafeFileHandle log = Files.Open(directory.OutputLog, OpenFlags.O_WRONLY | OpenFlags.O_APPEND);
        int creator = NamespaceThread.Run(() =>
        {
            Play(root, directory);
            return runtime.Start(
                [
                    .. runtime.LogArguments(directory.RuntimeLog, explains: false), "create", "--bundle", directory.Path, "--pid-file", pidFile,
                    directory.Id,
                ],
                new SpawnStreams(nothing, log, log), SpawnFlags.None);
        });
        CheckStarted(Waiting.Wait(creator).ExitCode, directory);
        int pid = int.Parse(File.ReadAllText(pidFile), NumberStyles.None, CultureInfo.InvariantCulture);
        int starter = runtime.Start(
            [.. runtime.LogArguments(directory.RuntimeLog, explains: false), "start", directory.Id], new SpawnStreams(nothing, log, log),
            SpawnFlags.None);
        CheckStarted(Waiting.Wait(starter).ExitCode, directory);
        return pid;
    }

    private static void CheckStarted(int exitCode, ContainerDirectory directory)
    {
        if (exitCode != 0)
        {
            throw RuntimeFailure.Read(directory.RuntimeLog)
                ?? new EngineException(FailureKind.System, $"the runtime ended with {exitCode} and said nothing");
        }
    }
}

/// <summary>What a supervisor must know of a request, to prepare the root again.</summary>
internal sealed record DetachedRoot(string Kind, string? Path, bool Overlay, bool ReadOnly, bool OwnUser)
{
    public static DetachedRoot Of(RunRequest request) => request.Root switch
    {
        RootRequest.Host => new("host", null, false, request.ReadOnly, request.Namespaces.OwnUser),
        RootRequest.DirectoryTree tree => new("directory", tree.Path, tree.Overlay, request.ReadOnly, request.Namespaces.OwnUser),
        RootRequest.OciBundle bundle => new("bundle", bundle.Path, false, request.ReadOnly, request.Namespaces.OwnUser),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public RunRequest ToRequest() => new()
    {
        Root = Kind switch
        {
            "host" => new RootRequest.Host(),
            "directory" => new RootRequest.DirectoryTree(Path!, Overlay),
            _ => new RootRequest.OciBundle(Path!),
        },
        ReadOnly = ReadOnly,
        Namespaces = new NamespacesRequest { OwnUser = OwnUser },
    };
}

/// <summary>An <see cref="EngineException"/> on its way from the supervisor.</summary>
internal sealed record DetachedFailure(FailureKind Kind, string Message, string? Hint)
{
    public static DetachedFailure Of(EngineException failure) => new(failure.Kind, failure.Message, failure.Hint);

    public EngineException ToException() => new(Kind, Message, Hint);
}
