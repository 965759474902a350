using BenchmarkDotNet.Attributes;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Micro;

/// <summary>From a configuration to the steps of a container's first process, as <c>ception run</c> has them written.</summary>
public class PlanBenchmarks
{
    private readonly SafeFileHandle _state = MemoryFiles.Create("state");
    private readonly (SafeFileHandle Ours, SafeFileHandle Theirs) _sync = UnixSockets.Pair(UnixSocketType.SOCK_SEQPACKET);
    private Bundle? _bundle;
    private HookOutput? _hookOutput;

    [GlobalSetup]
    public void Prepare()
    {
        string directory = Directory.CreateDirectory(Path.Combine(Documents.Directory, "bundle")).FullName;
        Directory.CreateDirectory(Path.Combine(directory, "rootfs"));
        RuntimeConfig config = DefaultConfig.Create();
        config = config with { Process = config.Process! with { Terminal = false } };
        File.WriteAllBytes(Path.Combine(directory, "config.json"), config.ToJson());
        _bundle = Bundle.Open(directory, "config.json");
        _hookOutput = HookOutput.Open(config, directory);
    }

    [GlobalCleanup]
    public void Close()
    {
        _hookOutput?.Dispose();
        _sync.Ours.Dispose();
        _sync.Theirs.Dispose();
        _state.Dispose();
    }

    [Benchmark(Description = "plan a container, as of spec")]
    public void Plan()
    {
        Bundle bundle = _bundle!;
        NamespacePlan namespaces = NamespacePlan.Of(bundle.Linux);
        using ContainerCgroup cgroup = ContainerCgroup.Plan(bundle.Config, new CreateRequest { Id = "micro", Bundle = bundle.Directory });
        using BindSources sources = new(bundle.Linux, privileged: true, isolated: false, all: false, () => null);
        using Compilation compilation = new(bundle, ProgramMemory.SizeFor(bundle.Document), _sync.Theirs) { Sources = sources, CgroupMounts = cgroup.Mounts() };
        CreateCompiler.Compile(compilation, new CreateSettings
        {
            Id = "micro",
            Namespaces = namespaces,
            Privileged = true,
            NoPivot = false,
            NewKeyring = true,
            Preserved = [],
            CgroupEntries = cgroup.Entries,
            AsksForGroup = false,
            Filter = SeccompFilter.Compile(bundle.Config, Documents.Directory),
            Environment = ProcessEnvironment.Compose(bundle.Config.Process!.Env, 0, () => null),
            Fifo = null,
            State = _state,
            HookOutput = _hookOutput!,
            Lock = _state,
            ChildSync = _sync.Theirs,
            ParentSync = _sync.Ours,
            TerminalSize = null,
            SaysReady = false,
            SignalMask = 0,
            OpenFilesLimit = null,
            MayBeSeen = false,
            Stub = null,
        });
    }
}
