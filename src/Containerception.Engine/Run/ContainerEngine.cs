using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Containers by name: runs them, lists them, reaches into them, ends them. It keeps no process of its own; several may work on one
/// state directory at a time.
/// </summary>
/// <remarks>
/// Every method throws <see cref="EngineException"/> for what a caller can act on. Each begins by removing what earlier callers left
/// behind when they died.
/// </remarks>
public sealed partial class ContainerEngine
{
    // As ception tells its own steps: the reader sees one story.
    private const string Margin = "            ";

    private readonly EngineOptions _options;
    private readonly ContainerStore _store;

    private ContainerEngine(EngineOptions options)
    {
        _options = options;
        _store = new ContainerStore(options.RootDirectory);
    }

    /// <summary>An engine on a state directory, which is made when the first container is.</summary>
    public static ContainerEngine Open(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ContainerEngine(options);
    }

    /// <summary>Makes a container, runs its program to the end, and cleans up. Standard streams and signals are passed on.</summary>
    /// <returns>The program's exit status, 128 + signal for a signal.</returns>
    /// <exception cref="EngineException">The program was not started.</exception>
    public int Run(RunRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);

        RuntimeProgram runtime = RuntimeProgram.Find(_options);
        Sweep();
        using Undo undo = new();
        Claimed claimed = Claim(request, runtime, undo);
        int exitCode = Attached(request, claimed, runtime);
        if (!request.AutoRemove)
        {
            claimed.Directory.Write(claimed.Record with { Finished = _options.Clock.GetUtcNow(), ExitCode = exitCode });
            undo.Keep();
            claimed.Directory.Dispose();
        }

        return exitCode;
    }

    private Claimed Claim(RunRequest request, RuntimeProgram runtime, Undo undo)
    {
        (ContainerDirectory directory, string name) = _store.Claim(request.Name);
        undo.Add(() => Forget(directory, name));
        Machine machine = Machine.Ask();
        RootPlan root = new RootPlanner(directory.Path, directory.Id, machine.IsRoot).Plan(request);
        (request, root) = WithVolumes(request, root, directory.Id);
        RuntimeConfig config = ConfigCompiler.Compile(request, root, machine, directory.Id);
        directory.WriteConfig(config.ToJson());
        if (config.Linux!.Namespaces.Any(one => one.Type == "user"))
        {
            directory.LetThrough();
        }

        FindSources(request);

        ContainerRecord record = new()
        {
            Id = directory.Id,
            Name = name,
            Image = request.Root.Label,
            Command = config.Process!.Args,
            Created = _options.Clock.GetUtcNow(),
            Runtime = runtime.Path,
            AutoRemove = request.AutoRemove,
            Labels = request.Labels,
        };
        directory.Write(record);
        return new Claimed(directory, record with { Started = record.Created }, root);
    }

    private static void FindSources(RunRequest request)
    {
        foreach (MountRequest mount in request.Mounts.Where(mount => mount.Source is not null && !Path.Exists(mount.Source)))
        {
            if (!mount.MakeSource)
            {
                throw new EngineException(
                    FailureKind.NotFound, $"--mount: {mount.Source} does not exist on the host", "make it first, or use -v, which makes it");
            }

            Directory.CreateDirectory(mount.Source!);
        }
    }

    private void Forget(ContainerDirectory directory, string name)
    {
        _store.ReleaseName(name, directory.Id);
        ForgetVolumes(directory.Id, withAnonymous: true);
        directory.Remove();
        directory.Dispose();
    }

    private int Attached(RunRequest request, Claimed claimed, RuntimeProgram runtime)
    {
        using SignalForwarding signals = new();
        using SafeFileHandle? nothing = request.Interactive ? null : Files.Open("/dev/null", OpenFlags.O_RDONLY);

        // A terminal's Ctrl-C goes to the whole foreground group: the runtime is kept out of it and gets the one that is forwarded. With a
        // terminal of its own the container gets Ctrl-C as a byte, and the runtime must be in the foreground to read it.
        SpawnFlags flags = request.Tty ? SpawnFlags.None : SpawnFlags.POSIX_SPAWN_SETPGROUP;
        claimed.Directory.Write(claimed.Record);
        int pid = NamespaceThread.Run(() =>
        {
            Play(claimed.Root, claimed.Directory);
            return runtime.Start(RunArguments(claimed.Directory, runtime), new SpawnStreams(nothing, null, null), flags);
        });
        signals.To(pid);
        WaitStatus status = Waiting.Wait(pid);
        if (status.Change != ChildChange.CLD_EXITED)
        {
            // Somebody killed the runtime; the container may live.
            runtime.Call("delete", "--force", claimed.Directory.Id);
        }

        return status.ExitCode != 0 && RuntimeFailure.Read(claimed.Directory.RuntimeLog) is EngineException failure
            ? throw failure
            : status.ExitCode;
    }

    private ImmutableArray<string> RunArguments(ContainerDirectory directory, RuntimeProgram runtime)
    {
        bool explains = _options.Explain is not null && runtime.Explains;
        if (_options.Explain is not null && !explains)
        {
            _options.Explain($"{runtime.Path} runs the container now; only ception explains what a runtime does");
        }

        return [.. runtime.LogArguments(directory.RuntimeLog, explains), "run", "--bundle", directory.Path, directory.Id];
    }

    private void Play(RootPlan root, ContainerDirectory directory)
    {
        foreach (PreparationStep step in root.Steps)
        {
            long began = _options.Clock.GetTimestamp();
            string call = Played(step).Replace(directory.Path, "…", StringComparison.Ordinal);
            _options.Explain?.Invoke($"{_options.Clock.GetElapsedTime(began).TotalMicroseconds,7:F0} µs  {step.Words}\n{Margin}{call}\n{Margin}{step.Why}");
        }
    }

    private static string Played(PreparationStep step)
    {
        try
        {
            return step.Play();
        }
        catch (LinuxException refused)
        {
            throw new EngineException(FailureKind.System, $"cannot {step.Words}: {refused.Message}", cause: refused);
        }
    }

    /// <summary>A container that is ours to run.</summary>
    private sealed record Claimed(ContainerDirectory Directory, ContainerRecord Record, RootPlan Root);
}
