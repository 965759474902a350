using System.Collections.Immutable;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>
/// Containers by name: makes them, runs them, lists them, reaches into them, ends them. It keeps no process of its own: each container that
/// runs is kept by a supervisor, and several engines may work on one state directory at a time.
/// </summary>
/// <remarks>
/// Every method throws <see cref="EngineException"/> for what a caller can act on. Each begins by setting right what earlier callers left
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
        _store = new ContainerStore(options.RootDirectory, () => Database);
    }

    /// <summary>An engine on a state directory, which is made when the first container is.</summary>
    public static ContainerEngine Open(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ContainerEngine(options);
    }

    /// <summary>Makes a container that waits for <see cref="Start"/>.</summary>
    /// <returns>Its id.</returns>
    public string Create(RunRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RuntimeProgram runtime = RuntimeProgram.Find(_options);
        Sweep();
        using Undo undo = new();
        Claimed claimed = Claim(request, ContainerStore.MakeId(), runtime, undo, isWhole: true);
        undo.Keep();
        claimed.Root.Tree?.Dispose();
        claimed.Directory.Dispose();
        return claimed.Definition.Id;
    }

    /// <summary>Makes a container and starts it. Standard streams and signals are passed on until its program ends, or the detach keys are typed.</summary>
    /// <returns>The program's exit status, 128 + signal for a signal; 0 when it was left running.</returns>
    /// <exception cref="EngineException">The program was not started, and nothing is left.</exception>
    /// <param name="request">What is asked for.</param>
    /// <param name="attach">Which streams are passed on.</param>
    /// <param name="begun">See <see cref="BeginStart"/>.</param>
    public int Run(RunRequest request, AttachRequest attach, SupervisorStart? begun = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(attach);
        RuntimeProgram runtime = RuntimeProgram.Find(_options);
        using Attachment attachment = new(attach, request.Tty);
        using SupervisorStart? own = BeginUnless(begun, request);
        SupervisorStart start = own ?? begun!;
        Sweep();
        using Undo undo = new();
        Claimed claimed = Claim(request, start.Id, runtime, undo, isWhole: false);
        Note("attach", claimed.Definition);
        Launch(claimed.Directory, claimed.Definition, claimed.Root, attachment, start);
        undo.Keep();
        attach.Started?.Invoke(claimed.Definition.Id);
        return Stay(attachment, claimed.Definition);
    }

    /// <summary>Makes a container and returns once its program runs.</summary>
    /// <returns>The container's id.</returns>
    /// <exception cref="EngineException">The program was not started, and nothing is left.</exception>
    /// <param name="request">What is asked for.</param>
    /// <param name="begun">See <see cref="BeginStart"/>.</param>
    public string RunDetached(RunRequest request, SupervisorStart? begun = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        RuntimeProgram runtime = RuntimeProgram.Find(_options);
        using SupervisorStart? own = BeginUnless(begun, request);
        SupervisorStart start = own ?? begun!;
        Sweep();
        using Undo undo = new();
        Claimed claimed = Claim(request, start.Id, runtime, undo, isWhole: false);
        Launch(claimed.Directory, claimed.Definition, claimed.Root, attachment: null, start);
        undo.Keep();
        return claimed.Definition.Id;
    }

    /// <summary>
    /// Begins what every container of an image needs, before it is known which image, and what else: given to <see cref="Run"/> or <see cref="RunDetached"/> it spares
    /// the time of that. Dispose it in any case.
    /// </summary>
    public SupervisorStart BeginStart()
    {
        SupervisorStart start = new(_store.PathOf(ContainerStore.MakeId()));

        // Steps that are to be told are told in their order.
        if (_options.Explain is null)
        {
            start.Begin(() => Played(RootPlanner.Private()));
        }

        return start;
    }

    // Only an image's root is always mounted in a namespace of its own.
    private SupervisorStart? BeginUnless(SupervisorStart? begun, RunRequest request) => request.Root is not RootRequest.Image
        ? new SupervisorStart(_store.PathOf(ContainerStore.MakeId()))
        : begun is null ? BeginStart() : null;

    private int Stay(Attachment attachment, ContainerDefinition definition)
    {
        int? exitCode;
        try
        {
            exitCode = attachment.Run();
        }
        catch (EngineException)
        {
            // Its supervisor was killed: what is left is set right at once, and says so.
            string path = _store.PathOf(definition.Id);
            StatusReport? left = StatusReport.TryRead(path);

            // Its socket is closed before its lock is.
            const int AttemptsMax = 1000;
            for (int attempt = 0; attempt < AttemptsMax && ContainerDirectory.IsTaken(path); attempt++)
            {
                Pause(attempt, "");
            }

            Sweep();
            throw new EngineException(
                FailureKind.System, $"the supervisor of {definition.Name} was killed", left is null ? null : "the container was ended with it");
        }

        if (exitCode is null)
        {
            Note("detach", definition);
        }
        else if (definition.AutoRemove)
        {
            RemoveEnded(definition, withVolumes: true);
        }
        else if (attachment.EndedForGood)
        {
            UnplugEnded(definition);
        }

        return exitCode ?? 0;
    }

    /// <summary>The caller's containers can have limits: there are groups that are his, or his own systemd makes some.</summary>
    public static bool CanLimit => Machine.Ask().MakesCgroups || PlainUser.HasSystemd;

    private Claimed Claim(RunRequest request, string id, RuntimeProgram runtime, Undo undo, bool isWhole)
    {
        if (request.Name is not null)
        {
            Names.Checked(request.Name);
        }

        request = WithJoined(Nesting.Implied(request, runtime));
        UserRange.Check(request);
#pragma warning disable CA2000 // Undone, or the caller's.
        ContainerDirectory directory = _store.Make(id);
#pragma warning restore CA2000
        undo.Add(() => Forget(directory));
        Machine machine = Machine.Ask(runtime);
        request = WithNetworks(request, machine);
        using SafeFileHandle? held = request.Root is RootRequest.Image || request.ShareImages ? Images.Hold() : null;
        request = WithShared(request, directory.Path);
        RootPlan root = new RootPlanner(directory.Path, directory.Id).Plan(request);
        root = root with { Steps = [.. root.Steps, .. Nesting.Steps(request, machine)] };
        (request, ImmutableArray<VolumePlace> fillings) = WithVolumes(request, root, directory.Id);
        request = request with { Mounts = Locking(request, runtime) };
        NetworkingDefinition networking = Join(request, root, directory.Id);
        RuntimeConfig config = ConfigCompiler.Compile(request, root, machine, directory.Id, NamespaceOf(networking, directory.Path));
        directory.WriteConfig(config.ToJson(indented: false));
        if (config.Linux!.Namespaces.Any(one => one.Type == "user") && !HasThisRoot(config))
        {
            LetThrough(directory, request);
        }

        FindSources(request);
        CidFile.Reserve(request.CidFile, undo);
        ContainerDefinition definition = _store.Add(
            Define(request, root, runtime, directory.Id, InitProgram.Without(config.Process!.Args, request.Init)) with { Fillings = fillings, Networking = networking }, request.Name, isWhole);
        undo.Add(() => _store.Table.Remove(definition.Id));
        CidFile.Write(request.CidFile, definition.Id);
        Note("create", definition);
        return new Claimed(directory, definition, WithFillings(WithVolumeMounts(root, definition.Id), definition));
    }

    private ContainerDefinition Define(RunRequest request, RootPlan root, RuntimeProgram runtime, string id, ImmutableArray<string> command) => new()
    {
        Id = id,
        Image = request.Root.Label,
        ImageId = (request.Root as RootRequest.Image)?.Id.ToString(),
        Created = _options.Clock.GetUtcNow(),
        Runtime = runtime.Path,
        AutoRemove = request.AutoRemove,
        Restart = request.Restart.ToString(),
        Command = command,
        EntrypointLength = request.Entrypoint switch { null => root.Image?.Entrypoint.Length ?? 0, "" => 0, _ => 1 },
        Entrypoint = request.Entrypoint,
        Arguments = request.Command,
        Environment = request.Environment,
        User = request.User,
        WorkingDirectory = request.WorkingDirectory,
        Root = RootDefinition.Of(request),
        Tty = request.Tty,
        OpenStdin = request.Interactive,
        StdinOnce = request.Interactive && !request.Detach,
        StopSignal = (int)(ImageDefaults.StopSignal(request, root) ?? Signal.SIGTERM),
        StopTimeoutSeconds = request.StopTimeoutSeconds,
        Attach = request.Attach,
        PidOf = request.Namespaces.PidOf,
        IpcOf = request.Namespaces.IpcOf,
        IpcShareable = request.Namespaces.IpcShareable,
        LogDriver = request.LogDriver,
        LogOptions = LogOptions.Checked(request.LogDriver, request.LogOptions),
        Health = request.Health,
        Labels = ImageDefaults.Labels(request, root),
    };

    // The mount's source has to be there when the request is looked through.
    private RunRequest WithShared(RunRequest request, string directory)
    {
        if (!request.ShareImages)
        {
            return request;
        }

        SharedImages.Write(Images, ImageSharing.In(directory));
        return request with { Mounts = [.. request.Mounts, ImageSharing.Mount(directory)] };
    }

    /// <summary>
    /// Its root owns the directories, and passes as they are. Were they opened to others, a set-user-id program in it would make root of this level
    /// of any user here (CVE-2021-41091): no shifted owner keeps it from that.
    /// </summary>
    private static bool HasThisRoot(RuntimeConfig config) => config.Linux!.UidMappings.Any(map => map is { ContainerId: 0, HostId: 0 });

    private void LetThrough(ContainerDirectory directory, RunRequest request)
    {
        StateRoot.LetThrough(RootDirectory, directory.Path);
        string volumes = VolumeStore.In(RootDirectory);
        foreach (string source in request.Mounts.Select(mount => mount.Source).OfType<string>().Where(source => source.StartsWith(volumes + "/", StringComparison.Ordinal)))
        {
            StateRoot.LetThrough(RootDirectory, Path.GetDirectoryName(source)!);
        }
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

    private void Forget(ContainerDirectory directory)
    {
        ForgetVolumes(directory.Id, withAnonymous: true);
        Disconnect(directory.Id);
        directory.Remove();
        directory.Dispose();
    }

    /// <summary>A container that is ours to start.</summary>
    private sealed record Claimed(ContainerDirectory Directory, ContainerDefinition Definition, RootPlan Root);
}
