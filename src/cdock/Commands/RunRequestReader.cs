using System.Collections;
using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Containerception.Engine;
using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Cdock;

/// <summary>Turns the flags of one <c>cdock run</c> into a request.</summary>
internal sealed class RunRequestReader(RunOptions options, ParseResult parsed, IDictionary environment, Func<string, RootRequest>? named)
{
    private const int StopTimeoutDefault = 10;
    private const string ShareImages = "share-images";
    private const string ContainerPrefix = "container:";

    /// <exception cref="UsageException">Flags that make no sense.</exception>
    /// <exception cref="EngineException">Values that make no sense.</exception>
    public RunRequest Read()
    {
        (RootRequest root, ImmutableArray<string> command) = ReadRoot();
        ImmutableArray<string>? only = ReadIsolate();
        RunRequest request = new()
        {
            Root = root,
            Command = command,
            Entrypoint = Text(options.Entrypoint),
            Name = Text(options.Name),
            Interactive = Has(options.Interactive),
            Tty = Has(options.Tty),
            AutoRemove = Has(options.Remove),
            Detach = Has(options.Detach),
            Attach = ReadAttach(),
            Hostname = Text(options.Hostname),
            Environment = ReadEnvironment(),
            WorkingDirectory = Text(options.Workdir),
            User = Text(options.User),
            GroupAdd = List(options.GroupAdd),
            Mounts =
            [
                .. List(options.Tmpfs).Select(MountRequest.ParseTmpfs),
                .. List(options.Mount).Select(MountRequest.ParseMount),
                .. List(options.Volume).Select(MountRequest.ParseVolume),
            ],
            VolumesFrom = List(options.VolumesFrom),
            Limits = ReadLimits(),
            Devices = [.. List(options.Device).Select(DeviceRequest.Parse)],
            CapabilitiesAdded = List(options.CapAdd),
            CapabilitiesDropped = List(options.CapDrop),
            Privileged = Has(options.Privileged),
            Nest = ReadNest(),
            ShareImages = Text(options.Nest) == ShareImages,
            ReadOnly = Has(options.ReadOnly),
            Ulimits = [.. List(options.Ulimit).Select(UlimitRequest.Parse)],
            Sysctls = ReadPairs(options.Sysctl, valueNeeded: true),
            ShmSizeBytes = Bytes(options.ShmSize),
            Namespaces = ReadNamespaces() with { Only = only },
            Networking = new NetworkingReader(options, parsed).Read(),
            Init = Has(options.Init),
            StopSignal = ReadStopSignal(),
            StopTimeoutSeconds = Number<int>(options.StopTimeout) ?? StopTimeoutDefault,
            Restart = ReadRestart() ?? RestartPolicy.Never,
            Health = new HealthReader(options, parsed).Read(),
            LogDriver = Text(options.LogDriver) ?? "json-file",
            LogOptions = ReadPairs(options.LogOpt, valueNeeded: true),
            CidFile = Text(options.CidFile) is string file ? Path.GetFullPath(file) : null,
            OomKillDisable = Has(options.OomKillDisable),
            OomScoreAdjust = ReadOomScore(),
            Labels = Pairs([.. List(options.LabelFile).SelectMany(LabelsOf), .. List(options.Label)], "--label", valueNeeded: false),
            Annotations = ReadPairs(options.Annotation, valueNeeded: false),
            Domainname = Text(options.Domainname),
            CgroupParent = Text(options.CgroupParent),
            DeviceRules = [.. List(options.DeviceCgroupRule).Select(DeviceRequest.ParseRule)],
        };
        return request.AutoRemove && request.Restart.Kind != RestartKind.No
            ? throw new UsageException("--restart and --rm exclude each other", "what is started again cannot be removed at its end")
            : WithSecurity(request);
    }

    /// <exception cref="UsageException">Values that make no sense.</exception>
    public UpdateRequest ReadUpdate() => new() { Limits = ReadLimits(), Restart = ReadRestart() };

    private RestartPolicy? ReadRestart() => Text(options.Restart) is not string text ? null
        : RestartPolicy.TryParse(text)
            ?? throw new UsageException($"invalid value \"{text}\" for --restart", "use no, on-failure, on-failure:3, always or unless-stopped");

    private int? ReadOomScore()
        => Number<int>(options.OomScoreAdj) is int score && score is < -1000 or > 1000
            ? throw new UsageException($"invalid value \"{score}\" for --oom-score-adj", "it is a number from -1000 to 1000")
            : Number<int>(options.OomScoreAdj);

    private (RootRequest Root, ImmutableArray<string> Command) ReadRoot()
    {
        ImmutableArray<string> words = [.. parsed.GetValue(options.Words) ?? []];
        return (Text(options.Rootfs), Text(options.Bundle)) switch
        {
            (not null, not null) => throw new UsageException("--rootfs and --bundle exclude each other"),
            (string directory, _) => (RootRequest.FromDirectory(directory), words),
            (_, string bundle) => (RootRequest.FromBundle(bundle), words),
            _ when words.IsEmpty => throw new UsageException(
                $"{parsed.CommandResult.Command.Name} needs an image", "use the name of one, `host`, --rootfs DIR or --bundle DIR")
            {
                ExitCode = ExitCode.Failure,
            },
            _ => (named!(words[0]), words[1..]),
        };
    }

    private ImmutableArray<string>? ReadIsolate() => Text(options.Isolate) switch
    {
        null => null,
        "none" => [],
        string list => [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "net" ? "network" : word).Distinct()],
    };

    private ImmutableArray<string> ReadEnvironment() =>
    [
        .. List(options.EnvFile).SelectMany(path => EnvironmentFile.Read(path, environment)),
        .. List(options.Env).Select(text => EnvironmentFile.ParseVariable(text, environment)).OfType<string>(),
    ];

    private LimitsRequest ReadLimits() => new()
    {
        MemoryBytesMax = Bytes(options.Memory),
        MemoryAndSwapBytesMax = Text(options.MemorySwap) == "-1" ? -1 : Bytes(options.MemorySwap),
        MemoryReservationBytes = Bytes(options.MemoryReservation),
        MemorySwappiness = Number<int>(options.MemorySwappiness),
        Cpus = Number<decimal>(options.Cpus),
        CpuShares = Number<ulong>(options.CpuShares),
        CpuPeriodMicroseconds = Number<ulong>(options.CpuPeriod),
        CpuQuotaMicroseconds = Number<long>(options.CpuQuota),
        CpusetCpus = ReadCpuset(options.CpusetCpus),
        CpusetMems = ReadCpuset(options.CpusetMems),
        PidsMax = Number<long>(options.PidsLimit),
        BlockIoWeight = Number<ushort>(options.BlkioWeight),
        BlockIoWeightDevices = Rates(options.BlkioWeightDevice, bytes: false),
        DeviceReadBps = Rates(options.DeviceReadBps, bytes: true),
        DeviceWriteBps = Rates(options.DeviceWriteBps, bytes: true),
        DeviceReadIops = Rates(options.DeviceReadIops, bytes: false),
        DeviceWriteIops = Rates(options.DeviceWriteIops, bytes: false),
    };

    private string? ReadCpuset(Option<string> option)
    {
        string? list = Text(option);
        bool good = list is null || list.Split(',').All(part => part.Split('-') is { Length: 1 or 2 } ends && ends.All(end => uint.TryParse(end, out _)));
        return good ? list : throw new UsageException($"invalid value \"{list}\" for {option.Name}", "use a list like 0-3,7");
    }

    private NamespacesRequest ReadNamespaces() => new()
    {
        OwnPid = ContainerOf(options.Pid) is not null || Own(options.Pid, "private"),
        PidOf = ContainerOf(options.Pid),
        OwnIpc = ContainerOf(options.Ipc) is not null || Own(options.Ipc, "private", "none", "shareable"),
        IpcOf = ContainerOf(options.Ipc),
        IpcShareable = Text(options.Ipc) == "shareable",
        NoSharedMemory = Text(options.Ipc) == "none",
        OwnUts = Own(options.Uts, "private"),
        OwnCgroup = Own(options.Cgroupns, "private"),
        OwnUser = Text(options.Userns) is not null && Own(options.Userns, "auto"),
    };

    private bool ReadNest() => IsNest(Text(options.Nest)) && (Text(options.Userns) != "host" ? true
        : throw new UsageException("--nest and --userns host exclude each other", "a container that makes containers has users of its own, who are nobody outside"));

    private static bool IsNest(string? text) => text switch
    {
        null or "false" or "0" => false,
        "true" or "1" or ShareImages => true,
        _ => throw new UsageException($"invalid value \"{text}\" for --nest", $"it is {ShareImages}, or nothing"),
    };

    private string? ContainerOf(Option<string> option)
        => Text(option) is string text && text.StartsWith(ContainerPrefix, StringComparison.Ordinal) ? text[ContainerPrefix.Length..] : null;

    private ImmutableArray<string> ReadAttach()
    {
        ImmutableArray<string> asked = [.. List(options.Attach).Select(stream => stream.ToLowerInvariant()).Distinct()];
        if (asked.FirstOrDefault(stream => stream is not ("stdin" or "stdout" or "stderr")) is string odd)
        {
            throw new UsageException($"invalid value \"{odd}\" for --attach", "valid streams are STDIN, STDOUT and STDERR");
        }

        return asked switch
        {
            [_, ..] when Has(options.Detach) => throw new UsageException("conflicting options: cannot specify both --attach and --detach"),
            [_, ..] => asked,
            [] when Has(options.Detach) => [],
            [] => Has(options.Interactive) ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"],
        };
    }

    private bool Own(Option<string> option, params ReadOnlySpan<string> own)
    {
        string? value = Text(option);
        if (value is null || own.Contains(value))
        {
            return true;
        }

        if (value == "host")
        {
            return false;
        }

        string hint = $"use {string.Join(" or ", [.. own, "host"])}";
        throw value.StartsWith("container:", StringComparison.Ordinal)
            ? new EngineException(FailureKind.Unsupported, $"{option.Name} {value}: not supported yet", hint)
            : new UsageException($"invalid value \"{value}\" for {option.Name}", hint);
    }

    private RunRequest WithSecurity(RunRequest request)
    {
        foreach (string option in List(options.SecurityOpt))
        {
            string[] parts = option.Split(['=', ':'], 2);
            request = (parts[0], parts.Length == 2 ? parts[1] : null) switch
            {
                ("seccomp", "builtin") => request with { Seccomp = null },
                ("seccomp", "unconfined") => request with { Seccomp = "unconfined" },
                ("seccomp", string { Length: > 0 } path) => request with { Seccomp = Path.GetFullPath(path) },
                ("no-new-privileges", null or "true") => request with { NoNewPrivileges = true },
                ("no-new-privileges", "false") => request with { NoNewPrivileges = false },
                ("label", "disable") or ("apparmor", "unconfined") => request,
                ("systempaths", "unconfined") => request with { ShowSystemPaths = true },
                ("label" or "apparmor", _) => throw new EngineException(
                    FailureKind.Unsupported, $"--security-opt {option}: SELinux and AppArmor are not supported",
                    "label=disable and apparmor=unconfined are what is done"),
                _ => throw new UsageException($"invalid --security-opt \"{option}\"", "see cdock run --help"),
            };
        }

        return request;
    }

    private Signal? ReadStopSignal()
        => Text(options.StopSignal) is not string text ? null
            : Signals.TryParse(text, out Signal signal) ? signal
            : throw new UsageException($"invalid value \"{text}\" for --stop-signal", "use a name or a number: TERM, SIGTERM, 15");

    private ImmutableSortedDictionary<string, string> ReadPairs(Option<string[]> option, bool valueNeeded) => Pairs(List(option), option.Name, valueNeeded);

    private static IEnumerable<string> LabelsOf(string path)
        => File.ReadLines(path).Select(line => line.TrimStart()).Where(line => line is not ("" or ['#', ..]));

    private static ImmutableSortedDictionary<string, string> Pairs(IEnumerable<string> texts, string flag, bool valueNeeded)
    {
        ImmutableSortedDictionary<string, string>.Builder pairs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            string[] parts = text.Split('=', 2);
            if (parts[0].Length == 0 || (valueNeeded && parts.Length < 2))
            {
                throw new UsageException($"invalid value \"{text}\" for {flag}", "use NAME=VALUE");
            }

            pairs[parts[0]] = parts.Length == 2 ? parts[1] : "";
        }

        return pairs.ToImmutable();
    }

    private ImmutableArray<DeviceRate> Rates(Option<string[]> option, bool bytes)
        // The one empty array there is: a request that asks for nothing equals another.
        => List(option) is { IsEmpty: false } texts ? [.. texts.Select(text => DeviceRate.Parse(text, option.Name, bytes))] : [];

    private long? Bytes(Option<string> option) => Text(option) is string text ? ByteSize.Parse(text, option.Name).Bytes : null;

    private T? Number<T>(Option<string> option)
        where T : struct, IParsable<T>
        => Text(option) is not string text ? null
            : T.TryParse(text, CultureInfo.InvariantCulture, out T number) ? number
            : throw new UsageException($"invalid value \"{text}\" for {option.Name}: not a number");

    private string? Text(Option<string> option) => parsed.GetValue(option);

    private bool Has(Option<bool> option) => parsed.GetValue(option);

    private ImmutableArray<string> List(Option<string[]> option) => [.. parsed.GetValue(option) ?? []];
}
