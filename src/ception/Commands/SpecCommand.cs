using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cli;

/// <summary><c>ception spec</c>.</summary>
internal static class SpecCommand
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly Flag Rootless = Flag.Switch("rootless", "write one for a container without privileges");

    public static Verb Verb { get; } = new("spec", "write a config.json to start from")
    {
        Arguments = "",
        ArgumentsMin = 0,
        ArgumentsMax = 0,
        Description =
        [
            "Writes config.json for a shell in the directory rootfs. It is there to be edited: process.args is what runs, root.path is where.",
        ],
        Examples = ["mkdir -p mycontainer/rootfs/bin && cp /bin/busybox mycontainer/rootfs/bin/sh && cd mycontainer && ception spec && ception run c1"],
        Flags = [BundleFlags.Bundle, Rootless],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        string path = Path.Join(call.Flags.Text(BundleFlags.Bundle) is { Length: > 0 } bundle ? bundle : ".", "config.json");
        bool cgroupNamespace = File.Exists("/sys/fs/cgroup/cgroup.controllers");
        RuntimeConfig config = call.Flags.Is(Rootless)
            ? DefaultConfig.CreateRootless(Credentials.EffectiveUid, Credentials.EffectiveGid, cgroupNamespace)
            : DefaultConfig.Create(cgroupNamespace);
        if (File.Exists(path))
        {
            throw new ContainerException(FailureKind.Invalid, "File config.json exists. Remove it first");
        }

        using SafeFileHandle file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, Mode);
        FileContents.WriteAll(file, config.ToJson());
        return ExitCode.Fine;
    }
}
