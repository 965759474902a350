using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The process document of an exec: a file's, or the container's own with what the request changes.</summary>
internal static class ExecProcess
{
    public static ProcessConfig Compose(ProcessConfig container, ExecRequest request)
    {
        if (request.ProcessFile is { } file)
        {
            return Complete(Read(file), container);
        }

        if (request.Args.Length == 0)
        {
            throw new ContainerException(FailureKind.Invalid, "exec needs a command, or --process with a file");
        }

        return container with
        {
            Args = request.Args,
            Terminal = request.Tty,
            ConsoleSize = null,
            Cwd = request.Cwd ?? container.Cwd,
            Env = container.Env.AddRange(request.Env),
            User = ParseUser(request.User, container.User) with { AdditionalGids = container.User.AdditionalGids.AddRange(request.AdditionalGids) },
            NoNewPrivileges = request.NoNewPrivileges ?? container.NoNewPrivileges,
            ApparmorProfile = Given(request.AppArmor, container.ApparmorProfile),
            SelinuxLabel = Given(request.ProcessLabel, container.SelinuxLabel),
            Capabilities = Add(container.Capabilities ?? new CapabilitiesConfig(), request.Capabilities),
        };
    }

    /// <summary>What a document leaves out is the container's own, as with runc.</summary>
    private static ProcessConfig Complete(ProcessConfig given, ProcessConfig container) => given with
    {
        Capabilities = given.Capabilities ?? container.Capabilities,
        Rlimits = given.Rlimits.Length > 0 ? given.Rlimits : container.Rlimits,
        ApparmorProfile = Given(given.ApparmorProfile, container.ApparmorProfile),
        SelinuxLabel = Given(given.SelinuxLabel, container.SelinuxLabel),
        OomScoreAdj = given.OomScoreAdj ?? container.OomScoreAdj,
        Scheduler = given.Scheduler ?? container.Scheduler,
        IoPriority = given.IoPriority ?? container.IoPriority,
        ExecCpuAffinity = given.ExecCpuAffinity ?? container.ExecCpuAffinity,
    };

    private static string? Given(string? given, string? otherwise) => string.IsNullOrEmpty(given) ? otherwise : given;

    /// <summary><c>uid</c> or <c>uid:gid</c>: numbers, for a name would be looked up in a file of the container (CVE-2016-3697, CVE-2026-30892).</summary>
    private static UserConfig ParseUser(string? text, UserConfig container)
    {
        if (text is null)
        {
            return container;
        }

        string[] parts = text.Split(':');
        uint gid = container.Gid;
        if (parts.Length > 2 || !TryId(parts[0], out uint uid) || (parts.Length == 2 && !TryId(parts[1], out gid)))
        {
            throw new ContainerException(FailureKind.Invalid, $"--user: \"{text}\" is not a uid or uid:gid in numbers");
        }

        return container with { Uid = uid, Gid = gid };
    }

    /// <summary>All ones is no id: to setresuid(2) it means "as it is", which is root.</summary>
    private static bool TryId(string text, out uint id)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id != uint.MaxValue;

    /// <summary>Never to the inheritable or ambient set: what is asked for one process is not for all its children (CVE-2022-29162).</summary>
    private static CapabilitiesConfig Add(CapabilitiesConfig container, ImmutableArray<string> added) => container with
    {
        Bounding = container.Bounding.AddRange(added),
        Effective = container.Effective.AddRange(added),
        Permitted = container.Permitted.AddRange(added),
    };

    private static ProcessConfig Read(string path)
    {
        try
        {
            using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC);
            ProcessConfig process = ProcessConfig.Read(FileContents.ReadAll(file, Bundle.ConfigBytesMax));
            ConfigValidation.Validate(process);
            return process;
        }
        catch (ConfigException failure)
        {
            throw new ContainerException(FailureKind.Invalid, failure.Message, cause: failure);
        }
        catch (IOException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"cannot read the process file {path}: {failure.Message}", cause: failure);
        }
    }
}
