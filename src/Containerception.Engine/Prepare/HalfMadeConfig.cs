using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The configuration of the tour's half-made containers: the host as it is, but for the namespaces that were asked for.</summary>
internal static class HalfMadeConfig
{
    private static readonly string[] Known = ["cgroup", "ipc", "mount", "network", "pid", "uts"];

    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: no such namespace.</exception>
    public static RuntimeConfig For(RunRequest request)
    {
        ImmutableArray<string> only = request.Namespaces.Only!.Value;
        foreach (string type in only)
        {
            if (!Known.Contains(type))
            {
                throw EngineException.Invalid($"--isolate: unknown namespace \"{type}\"", $"none, or some of {string.Join(", ", Known)}");
            }
        }

        if (!only.Contains("mount"))
        {
            throw EngineException.Invalid("--isolate: without `mount` the container would mount on the host", "add mount, or use none");
        }

        return new RuntimeConfig
        {
            OciVersion = "1.0.2",
            Hostname = ConfigCompiler.HostnameDefault,
            Process = new ProcessConfig { Cwd = "/", Env = [ConfigCompiler.PathVariable] },

            // The host's proc, so that its processes show; a /dev of its own, since runtimes put their nodes and links there.
            Mounts =
            [
                new() { Destination = "/proc", Type = "bind", Source = "/proc", Options = ["rbind"] },
                new() { Destination = "/sys", Type = "bind", Source = "/sys", Options = ["rbind", "ro"] },
                new() { Destination = "/dev", Type = "tmpfs", Source = "tmpfs", Options = ["nosuid", "mode=755", "size=65536k"] },
                new() { Destination = "/dev/pts", Type = "devpts", Source = "devpts", Options = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
                new() { Destination = "/dev/shm", Type = "tmpfs", Source = "shm", Options = ["nosuid", "noexec", "nodev", "mode=1777"] },
            ],
            Linux = new LinuxConfig(),
        };
    }
}
