using BenchmarkDotNet.Attributes;
using Containerception.Oci;
using Containerception.Seccomp;

namespace Containerception.Micro;

/// <summary>From a document to what can be done with it.</summary>
public class ConfigBenchmarks
{
    private byte[] _plain = [];
    private byte[] _filtered = [];
    private RuntimeConfig _config = DefaultConfig.Create();

    [GlobalSetup]
    public void Prepare()
    {
        _plain = DefaultConfig.Create().ToJson();
        _filtered = Documents.Config;
        _config = RuntimeConfig.Read(_filtered);
    }

    [Benchmark(Description = "read config.json, as of spec")]
    public RuntimeConfig ReadPlain() => RuntimeConfig.Read(_plain);

    [Benchmark(Description = "read config.json, with docker's filter")]
    public RuntimeConfig ReadFiltered() => RuntimeConfig.Read(_filtered);

    [Benchmark(Description = "the same, and the filter's names")]
    public int ReadNames() => RuntimeConfig.Read(_filtered).Linux!.Seccomp!.Syscalls.Length;

    [Benchmark(Description = "check it")]
    public void Validate() => ConfigValidation.Validate(_config);

    [Benchmark(Description = "compile docker's filter")]
    public object Compile() => SeccompCompiler.Compile(_config.Linux!.Seccomp!);
}
