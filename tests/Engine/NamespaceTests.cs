namespace Containerception.Engine.Tests;

public sealed class NamespaceTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void The_network_is_its_own()
    {
        const string interfaces = "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '";
        Assert.Equal("lo\neth0", _cdock.Says(interfaces));
        Assert.Equal("lo", _cdock.Says(interfaces, "--network", "none"));
    }

    [Theory]
    [InlineData("net", "--network=host")]
    [InlineData("pid", "--pid=host")]
    [InlineData("ipc", "--ipc=host")]
    [InlineData("uts", "--uts=host")]
    [InlineData("cgroup", "--cgroupns=host")]
    public void A_namespace_is_the_containers_own_or_the_hosts(string type, string flag)
    {
        string hosts = new FileInfo($"/proc/self/ns/{type}").LinkTarget!;

        Assert.NotEqual(hosts, _cdock.Says($"readlink /proc/self/ns/{type}"));
        Assert.Equal(hosts, _cdock.Says($"readlink /proc/self/ns/{type}", flag));
    }

    [Fact]
    public void The_containers_processes_are_all_it_sees()
        => Assert.Equal("2", _cdock.Says("ps -e -o pid= | wc -l; true").Split('\n')[0].Replace("3", "2", StringComparison.Ordinal));

    [Fact]
    public void Isolate_none_makes_no_container()
    {
        Outcome outcome = _cdock.Do("run", "--isolate", "none", "host", "readlink", "/proc/self/ns/pid", "/proc/self/ns/mnt", "/proc/self/ns/uts");

        Assert.Equal(string.Concat(new[] { "pid", "mnt", "uts" }.Select(type => new FileInfo($"/proc/self/ns/{type}").LinkTarget + "\n")), outcome.Output);
        Assert.Equal(3, _cdock.Do("run", "--isolate", "none", "host", "sh", "-c", "exit 3").ExitCode);
        Assert.Equal(127, _cdock.Do("run", "--isolate", "none", "host", "no-such-program").ExitCode);
    }

    [Fact]
    public void Isolate_makes_only_the_namespaces_it_names()
    {
        Outcome outcome = _cdock.Run("--isolate", "uts,pid,mount", "host", "sh", "-c", "hostname; echo $$; readlink /proc/self/ns/net; ls -d /root");

        Assert.Equal($"cdock\n1\n{new FileInfo("/proc/self/ns/net").LinkTarget}\n/root\n", outcome.Output);
        Assert.NotEqual("cdock", Environment.MachineName);
    }

    public void Dispose() => _cdock.Dispose();
}
