using Containerception.Images;
using Containerception.Linux;
using Containerception.Networks;
using Containerception.Oci;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

// cdock                                          ception supervise FILE, a session of its own
// -----                                          --------------------------------------------
// starts the supervisor from a mount namespace of
// its own, if it can before the container is made,
// and mounts the root there
//   descriptor 0: the directory's lock    -->    holds it from now on
//   descriptor 1: a pipe                  <--    end of file: the program runs
//                                         <--    {message, hint}: it does not, and nothing of it is left
//   descriptor 2: a socket               <-->    frames, when cdock stays attached
//   descriptor 3: standard error          <--    steps, with --explain
public sealed partial class ContainerEngine
{
    /// <summary>Starts a container that was made, or has ended. One that runs is left as it is.</summary>
    /// <returns>Its id.</returns>
    public string Start(string container)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        using ContainerDirectory? directory = TakeToStart(definition);
        if (directory is not null)
        {
            using SupervisorStart start = new(directory.Path);
            Launch(directory, definition, PlanRoot(directory, definition), attachment: null, start);
        }

        return definition.Id;
    }

    /// <summary>The same, and stays attached until the program ends, or the detach keys are typed.</summary>
    /// <returns>The program's exit status, 128 + signal for a signal; 0 when it was left running.</returns>
    public int StartAttached(string container, AttachRequest attach)
    {
        ArgumentNullException.ThrowIfNull(attach);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        using Attachment attachment = new(attach with { Stdin = attach.Stdin && definition.OpenStdin }, definition.Tty);
        using ContainerDirectory? directory = TakeToStart(definition);
        if (directory is null)
        {
            throw new EngineException(FailureKind.Conflict, $"the container {definition.Name} is running", $"use `cdock attach {definition.Name}`");
        }

        Note("attach", definition);
        using SupervisorStart start = new(directory.Path);
        Launch(directory, definition, PlanRoot(directory, definition), attachment, start);
        return Stay(attachment, definition);
    }

    private RootPlan PlanRoot(ContainerDirectory directory, ContainerDefinition definition)
    {
        if (definition.Root.SharesImages)
        {
            using SafeFileHandle held = Images.Hold();
            SharedImages.Write(Images, ImageSharing.In(directory.Path));
        }

        RootPlan root = WithVolumeMounts(
            new RootPlanner(directory.Path, directory.Id).Plan(definition.Root.ToRequest()), definition.Id);
        return StatusReport.TryRead(directory.Path) is null ? WithFillings(root, definition) : root;
    }

    /// <summary>The container's directory, locked; null when it runs.</summary>
    private ContainerDirectory? TakeToStart(ContainerDefinition definition)
    {
        string path = _store.PathOf(definition.Id);
        for (int attempt = 0; ; attempt++)
        {
#pragma warning disable CA2000 // The caller's.
            ContainerDirectory? directory = ContainerDirectory.TryTake(path);
#pragma warning restore CA2000
            if (directory is not null)
            {
                return directory;
            }

            if (!Directory.Exists(path))
            {
                throw new EngineException(FailureKind.NotFound, $"no such container: {definition.Name}");
            }

            using SupervisorLine? line = SupervisorLine.TryConnect(path);
            if (line is not null && StatusReport.TryRead(path) is not { State: "exited" })
            {
                return null;
            }

            // Its supervisor is about to leave, or to listen; or another cdock looks whether it lives.
            line?.Signal(Signal.SIGKILL, forGood: true);
            Pause(attempt, $"the container {definition.Name} is neither running nor ended: somebody keeps the lock on {path}");
        }
    }

    // There is no call that waits for a lock and for something else: so it is asked again, a thousand times a second at most.
    private static void Pause(int attempt, string problem)
    {
        const int AttemptsMax = 10_000;
        if (attempt > AttemptsMax)
        {
            throw new EngineException(FailureKind.System, problem);
        }

        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        using (write)
        {
            Polling.Poll(read, PollEvents.POLLIN, timeoutMilliseconds: 1);
        }
    }

    private void Launch(ContainerDirectory directory, ContainerDefinition definition, RootPlan root, Attachment? attachment, SupervisorStart start)
    {
        RuntimeProgram runtime = Of(definition);
        root = WithLocks(Joined(root, directory, definition), directory, definition);
        bool explains = Explains(runtime);
        using NetworkPlug? plug = Plug(directory, definition);
        directory.WritePlan(PlanOf(directory, definition, runtime, attachment, explains, plug));
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using (read)
        {
            using (write)
            using (SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR))
            using (SafeFileHandle? theirs = attachment?.MakePair())
            using (SafeFileHandle? steps = explains ? Descriptors.Duplicate(Descriptors.Borrow(2)) : null)
            {
                start.Finish(
                    () => Play(WithNetwork(root, definition, directory, plug).Steps.Where(step => !(start.IsBegun && RootPlanner.IsPrivate(step))), directory),
                    steps, () => [directory.Lock, write, theirs ?? nothing, .. plug?.Descriptors ?? []]);
            }

            byte[] report = FileContents.ReadAll(read, StartFailure.BytesMax);
            if (report.Length > 0)
            {
                throw FailureOf(StartFailure.Read(report), directory);
            }
        }

        // The lock is the supervisor's alone now: when it dies nobody has it.
        directory.Dispose();
    }

    private static EngineException FailureOf(StartFailure failure, ContainerDirectory directory) => failure.Message is string message
        ? RuntimeFailure.Translate(message, failure.Hint ?? "")
        : RuntimeFailure.Read(directory.RuntimeLog) ?? new EngineException(FailureKind.System, "the runtime failed and said nothing");

    private SupervisePlan PlanOf(
        ContainerDirectory directory, ContainerDefinition definition, RuntimeProgram runtime, Attachment? attachment, bool explains, NetworkPlug? plug)
    {
        WindowSize? size = attachment?.Size;
        return new SupervisePlan
        {
            Id = definition.Id,
            Name = definition.Name,
            Image = definition.Image,
            Directory = directory.Path,
            Runtime = runtime.IsSupervisor ? null : runtime.Path,
            RuntimeRoot = runtime.MakeStateRoot(),
            Tty = definition.Tty,
            Rows = size?.Rows ?? 0,
            Columns = size?.Columns ?? 0,
            OpenStdin = definition.OpenStdin,
            StdinOnce = definition.StdinOnce && attachment is not null,
            Explains = explains,
            HasClient = attachment is not null,
            LogDriver = definition.LogDriver,
            LogOptions = definition.LogOptions,
            LogAttributes = LogOptions.AttributesOf(definition.LogOptions, definition.Labels, () => RuntimeConfig.Read(Path.Join(directory.Path, "config.json")).Process?.Env ?? []),
            AsksSystemd = Machine.MayAskSystemd(runtime),
            Restart = RestartPolicy.TryParse(definition.Restart)!,
            Health = definition.Health,
            StopSignal = definition.StopSignal,
            Dns = plug is { HasNames: true }
                ? new DnsPlan { Udp = NetworkPlug.DatagramsNumber, Tcp = NetworkPlug.StreamsNumber, File = Path.Join(directory.Path, DnsNames.FileName) }
                : null,
            Relays = plug is { IsRelayed: true },
            Held = plug?.Held ?? [],
            AtEnd = definition.AutoRemove || plug is not null ? [.. _options.CleanupCommand, definition.Id] : [],
        };
    }

    private bool Explains(RuntimeProgram runtime)
    {
        if (_options.Explain is not null && !runtime.IsSupervisor)
        {
            _options.Explain($"{runtime.Path} runs the container now; only ception explains what a runtime does");
        }

        return _options.Explain is not null && runtime.IsSupervisor;
    }

    private void Play(IEnumerable<PreparationStep> steps, ContainerDirectory directory)
    {
        foreach (PreparationStep step in steps)
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
        catch (NetworkException refused)
        {
            EngineException told = EngineException.Of(refused);
            throw new EngineException(told.Kind, $"cannot {step.Words}: {told.Message}", told.Hint, refused);
        }
    }
}
