using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>Turns a request into the config.json of a bundle: docker's defaults, or a bundle's own document, and the flags on top.</summary>
internal static class ConfigCompiler
{
    public const string HostnameDefault = "cdock";

    private const string OciVersion = "1.0.2";
    private const string PingGroups = "net.ipv4.ping_group_range";
    private static readonly ImmutableSortedDictionary<string, string> NetworkSysctls = ImmutableSortedDictionary<string, string>.Empty
        .Add("net.ipv4.ip_unprivileged_port_start", "0")
        .Add(PingGroups, "0 2147483647");

    // A user namespace has not so many groups, and the kernel wants ones that it has.
    private static readonly ImmutableSortedDictionary<string, string> MappedUsersNetworkSysctls = NetworkSysctls.Remove(PingGroups);

    public const string PathVariable = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: the request contradicts itself, the root or the machine.</exception>
    /// <param name="request">What was asked for.</param>
    /// <param name="root">What it starts on.</param>
    /// <param name="machine">Where it starts.</param>
    /// <param name="id">The container's id.</param>
    /// <param name="networkNamespace">Where its network namespace will be found; null for one that the runtime makes, or for the host's.</param>
    public static RuntimeConfig Compile(RunRequest request, RootPlan root, Machine machine, string id, string? networkNamespace)
    {
        RuntimeConfig config = root.Base ?? Standard(request, root, machine);
        LinuxConfig linux = WithNetwork(WithNamespaces(config.Linux ?? new LinuxConfig(), request, id, root.Base is not null), request, networkNamespace);
        string? hostname = request.Hostname ?? config.Hostname;
        ImmutableArray<string> capabilities = ChosenCapabilities(config, request, machine, root.Base is not null);
        return config with
        {
            Root = new RootConfig { Path = root.Path, Readonly = request.ReadOnly || (root.Base?.Root?.Readonly ?? false) },
            Hostname = linux.Namespaces.Any(one => one.Type == "uts") ? hostname : null,
            Domainname = request.Domainname ?? config.Domainname,
            Process = WithProcess(config.Process ?? new ProcessConfig { Cwd = "/" }, request, root, hostname, capabilities),
            Mounts = WithMounts(config.Mounts, request, root),
            Annotations = AnnotationsOf(
                config.Annotations.SetItems(request.Labels).SetItems(request.Annotations).SetItems(Nested(request, machine)), request, root),
            Linux = WithLimits(WithFilters(linux, request, capabilities, machine, root.Base is not null), request, machine, id),
        };
    }

    /// <summary>Who stops the container finds its signal where the image-spec's conversion puts it (conversion.md, "Config.StopSignal").</summary>
    private static ImmutableSortedDictionary<string, string> AnnotationsOf(
        ImmutableSortedDictionary<string, string> annotations, RunRequest request, RootPlan root)
        => ImageDefaults.StopSignal(request, root) is Signal signal && signal != Signal.SIGTERM
            ? annotations.SetItem("org.opencontainers.image.stopSignal", Signals.Name(signal))
            : annotations;

    private static IEnumerable<KeyValuePair<string, string>> Nested(RunRequest request, Machine machine)
        => (request.Nest, machine) switch
        {
            (true, { MakesCgroups: true }) => [new(RuntimeAnnotations.InnerCgroup, Nesting.InnerCgroup)],
            (true, { AsksSystemd: true }) => [new(RuntimeAnnotations.SystemdSubgroup, Nesting.InnerCgroup)],
            _ => [],
        };

    private static RuntimeConfig Standard(RunRequest request, RootPlan root, Machine machine) => new()
    {
        OciVersion = OciVersion,
        Hostname = root.Hostname ?? HostnameDefault,
        Process = new ProcessConfig { Cwd = "/", Env = [PathVariable] },
        Mounts = [.. StandardMounts.For(request, machine.HasCgroups)],
        Linux = new LinuxConfig
        {
            RootfsPropagation = "rprivate",
            MaskedPaths = StandardMounts.MaskedPaths,
            ReadonlyPaths = request.Nest ? Nesting.ReadonlyPaths(StandardMounts.ReadonlyPaths) : StandardMounts.ReadonlyPaths,
        },
    };

    private static LinuxConfig WithNamespaces(LinuxConfig linux, RunRequest request, string id, bool isBundle)
    {
        NamespacesRequest own = request.Namespaces;
        List<string> wanted = ["mount"];
        foreach ((string type, bool isOwn) in (ReadOnlySpan<(string, bool)>)
        [
            ("pid", own.OwnPid), ("ipc", own.OwnIpc), ("uts", own.OwnUts), ("network", own.OwnNetwork), ("cgroup", own.OwnCgroup), ("user", own.OwnUser),
        ])
        {
            if (isOwn)
            {
                wanted.Add(type);
            }
        }

        // A bundle names its namespaces itself: a flag takes one away, and only --userns adds one.
        IEnumerable<NamespaceConfig> chosen = own.Only is ImmutableArray<string> only
            ? Namespaces(only)
            : isBundle
                ? linux.Namespaces.Where(theirs => theirs.Type == "user" || wanted.Contains(theirs.Type) || theirs.Type == "time")
                    .Concat(own.OwnUser && !linux.Namespaces.Any(one => one.Type == "user") ? [new NamespaceConfig { Type = "user" }] : [])
                : Namespaces([.. wanted]);
        ImmutableArray<NamespaceConfig> namespaces = [.. chosen];
        bool mapped = namespaces.Any(one => one.Type == "user" && one.Path is null) && linux.UidMappings.IsEmpty;
        return linux with
        {
            Namespaces = namespaces,
            UidMappings = mapped ? UserRange.Of(id).Users : UserRange.SeenFromHere(linux.UidMappings, OwnIds.Users),
            GidMappings = mapped ? UserRange.Of(id).Groups : UserRange.SeenFromHere(linux.GidMappings, OwnIds.Groups),
            Sysctl = linux.Sysctl.SetItems(request.Sysctls),
        };
    }

    private static IEnumerable<NamespaceConfig> Namespaces(ImmutableArray<string> types) => types.Select(type => new NamespaceConfig { Type = type });

    private static LinuxConfig WithNetwork(LinuxConfig linux, RunRequest request, string? path)
    {
        if (path is null)
        {
            return linux;
        }

        bool isShared = request.Networking.Container is not null;
        bool isOwners = request.Namespaces.OwnUser && !isShared;
        IEnumerable<NamespaceConfig> kept = linux.Namespaces.Where(one => one.Type != "network" && (one.Type != "user" || !isOwners));
        return linux with
        {
            Namespaces =
            [
                .. kept, new NamespaceConfig { Type = "network", Path = path },

                // Both were made together, so that the container's root has his network's sysctls and sysfs.
                .. isOwners ? [new NamespaceConfig { Type = "user", Path = Path.Join(Path.GetDirectoryName(path), NetworkPlug.UsersName) }] : ImmutableArray<NamespaceConfig>.Empty,
            ],

            // docker's: nobody else is in the namespace whom a low port or an echo request could harm.
            Sysctl = isShared ? linux.Sysctl : (UserRange.IsKept || request.Namespaces.OwnUser ? MappedUsersNetworkSysctls : NetworkSysctls).SetItems(linux.Sysctl),
        };
    }

    private static ImmutableArray<string> ChosenCapabilities(RuntimeConfig config, RunRequest request, Machine machine, bool isBundle)
    {
        if (!isBundle || request.Privileged)
        {
            return Capabilities.Choose(request, machine.HeldCapabilities);
        }

        ImmutableArray<string> theirs = config.Process?.Capabilities?.Bounding ?? [];
        return request.CapabilitiesAdded.IsEmpty && request.CapabilitiesDropped.IsEmpty
            ? theirs
            : Capabilities.Choose(request, machine.HeldCapabilities, theirs);
    }

    private static ProcessConfig WithProcess(
        ProcessConfig process, RunRequest request, RootPlan root, string? hostname, ImmutableArray<string> capabilities)
    {
        UserConfig user = ImageDefaults.User(request, root) is string name ? root.Users.Find(name, request.GroupAdd)
            : request.GroupAdd.IsEmpty ? process.User
            : root.Users.Find("0", request.GroupAdd) with { Uid = process.User.Uid, Gid = process.User.Gid };
        return process with
        {
            Terminal = request.Tty,
            User = user,
            Args = Arguments(process, request, root),
            Env = Environment(process.Env, request, root, hostname),
            Cwd = request.WorkingDirectory switch
            {
                null => ImageDefaults.WorkingDirectory(root) ?? process.Cwd,
                ['/', ..] directory => directory,
                string other => throw EngineException.Invalid($"--workdir {other}: the working directory must be absolute"),
            },
            Capabilities = new CapabilitiesConfig
            {
                Bounding = capabilities,

                // What root gets on execve(2) is computed from the bounding set; another user starts with none, as docker has it.
                Effective = user.Uid == 0 ? capabilities : [],
                Permitted = user.Uid == 0 ? capabilities : [],
            },
            Rlimits = [.. process.Rlimits.Where(theirs => !request.Ulimits.Any(one => Name(one) == theirs.Type)), .. request.Ulimits.Select(Limit)],
            NoNewPrivileges = request.NoNewPrivileges || process.NoNewPrivileges,
            OomScoreAdj = request.OomScoreAdjust ?? process.OomScoreAdj,
        };
    }

    private static ImmutableArray<string> Arguments(ProcessConfig process, RunRequest request, RootPlan root)
    {
        ImmutableArray<string> arguments = (request.Entrypoint, request.Command) switch
        {
            (null, _) when root.Image is ImageProcess image => ImageDefaults.Arguments(image, request.Command),
            (null or "", { IsEmpty: false }) => request.Command,
            (null, _) => process.Args.IsEmpty ? root.DefaultCommand : process.Args,
            ("", _) => [],
            (string entrypoint, _) => [entrypoint, .. request.Command],
        };
        if (arguments.IsEmpty)
        {
            throw EngineException.Invalid("no command specified", root.Image is null ? "write it after the ROOT" : "the image has none: write it after the image");
        }

        return request.Init ? [InitProgram.PathInContainer, .. InitProgram.Arguments, .. arguments] : arguments;
    }

    // Later ones win: the root's own, then what docker adds, then the flags.
    private static ImmutableArray<string> Environment(ImmutableArray<string> theirs, RunRequest request, RootPlan root, string? hostname)
    {
        if (root.Image is not null)
        {
            return ImageDefaults.Environment(theirs, request, root.Image, hostname);
        }

        List<string> variables = [];
        void Add(string variable)
        {
            string name = variable[..(variable.IndexOf('=') + 1)];
            variables.RemoveAll(earlier => earlier.StartsWith(name, StringComparison.Ordinal));
            variables.Add(variable);
        }

        theirs.ToList().ForEach(Add);
        if (root.PathAlso is string also)
        {
            Add($"{PathVariable}:{also}");
        }

        if (hostname is not null)
        {
            Add($"HOSTNAME={hostname}");
        }

        if (request.Tty)
        {
            Add("TERM=xterm");
        }

        request.Environment.ToList().ForEach(Add);
        return [.. variables];
    }

    private static ImmutableArray<MountConfig> WithMounts(ImmutableArray<MountConfig> standard, RunRequest request, RootPlan root)
    {
        List<MountConfig> mounts = [.. standard];
        if (request.Init)
        {
            mounts.Add(InitProgram.Mount());
        }

        foreach (MountRequest mount in request.Mounts)
        {
            mounts.RemoveAll(earlier => earlier.Destination.TrimEnd('/') == mount.Destination.TrimEnd('/'));
            mounts.Add(new MountConfig
            {
                Destination = mount.Destination,
                Type = mount.Type,
                Source = mount.Source ?? "tmpfs",
                Options = mount.Options,
            });
        }

        mounts.AddRange(root.Mounts.Where(one => !mounts.Exists(asked => asked.Destination.TrimEnd('/') == one.Destination)));
        return [.. mounts];
    }

    private static LinuxConfig WithFilters(
        LinuxConfig linux, RunRequest request, ImmutableArray<string> capabilities, Machine machine, bool isBundle) => linux with
        {
            Seccomp = isBundle && request.Seccomp is null && !request.Privileged
            ? linux.Seccomp
            : SeccompProfile.Choose(request, capabilities, machine.Kernel),
            MaskedPaths = request.Privileged || request.ShowSystemPaths ? [] : linux.MaskedPaths,
            ReadonlyPaths = request.Privileged || request.ShowSystemPaths ? [] : linux.ReadonlyPaths,
        };

    private static LinuxConfig WithLimits(LinuxConfig linux, RunRequest request, Machine machine, string id)
    {
        (ImmutableArray<DeviceConfig> nodes, ImmutableArray<DeviceRule> rules) = DevicesCompiler.Compile(request, linux);
        LinuxResources resources = LimitsCompiler.Compile(request.Limits, linux.Resources ?? new LinuxResources(), machine.Processors);
        if (request.OomKillDisable)
        {
            resources = resources with { Memory = (resources.Memory ?? new MemoryLimits()) with { DisableOomKiller = true } };
        }

        bool limited = resources.Memory is not null || resources.Cpu is not null || resources.Pids is not null || resources.BlockIo is not null;
        if (limited && !machine.HasCgroups)
        {
            throw new EngineException(
                FailureKind.Unsupported, "limits need cgroups, and none are mounted here", "in a container, make it with --privileged");
        }

        return linux with
        {
            Devices = nodes,
            CgroupsPath = machine.MakesCgroups ? CgroupsPath(linux, request, id) : request.CgroupParent is { } slice ? ScopePath(slice, machine, id) : linux.CgroupsPath,
            Resources = machine.MakesCgroups ? resources with { Devices = rules } : limited ? resources : null,
        };
    }

    private static string CgroupsPath(LinuxConfig linux, RunRequest request, string id) => request.CgroupParent switch
    {
        null => linux.CgroupsPath ?? $"/cdock/{id}",
        ['/', ..] parent when !parent.Split('/').Contains("..") => $"{parent.TrimEnd('/')}/{id}",
        string other => throw EngineException.Invalid($"--cgroup-parent {other}: it must be absolute, and without `..`"),
    };

    // runc's form of it, for groups that systemd makes.
    private static string ScopePath(string slice, Machine machine, string id)
        => !machine.AsksSystemd ? throw new EngineException(FailureKind.Unsupported, $"--cgroup-parent {slice}: this user has no groups to make others in", "with cgroup v2 and his own systemd he has: loginctl enable-linger")
            : slice.EndsWith(".slice", StringComparison.Ordinal) && !slice.Contains(':') && !slice.Contains('/') ? $"{slice}:ception:{id}"
            : throw EngineException.Invalid($"--cgroup-parent {slice}: a plain user's systemd has slices: NAME.slice");

    private static RlimitConfig Limit(UlimitRequest one) => new() { Type = Name(one), Soft = one.Soft, Hard = one.Hard };

    private static string Name(UlimitRequest one) => "RLIMIT_" + one.Name.ToUpperInvariant();
}
