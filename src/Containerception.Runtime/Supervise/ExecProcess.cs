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
            return Read(file);
        }

        if (request.ProcessLabel is { Length: > 0 } || request.AppArmor is { Length: > 0 })
        {
            throw new ContainerException(FailureKind.Unsupported, "SELinux labels and AppArmor profiles are not supported by this version");
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
            User = request.User is { } user ? ParseUser(user, container.User, request) : container.User with { AdditionalGids = container.User.AdditionalGids.AddRange(request.AdditionalGids) },
            NoNewPrivileges = request.NoNewPrivileges ?? container.NoNewPrivileges,
            Capabilities = Add(container.Capabilities ?? new CapabilitiesConfig(), request.Capabilities),
        };
    }

    /// <summary><c>uid</c> or <c>uid:gid</c>: numbers, for a name would be looked up in a file of the container (CVE-2016-3697, CVE-2026-30892).</summary>
    private static UserConfig ParseUser(string text, UserConfig container, ExecRequest request)
    {
        string[] parts = text.Split(':');
        uint gid = 0;
        if (parts.Length > 2 || !TryId(parts[0], out uint uid) || (parts.Length == 2 && !TryId(parts[1], out gid)))
        {
            throw new ContainerException(FailureKind.Invalid, $"--user: \"{text}\" is not a uid or uid:gid in numbers");
        }

        return container with { Uid = uid, Gid = gid, AdditionalGids = request.AdditionalGids };
    }

    private static bool TryId(string text, out uint id) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id);

    /// <summary>Never to the inheritable or ambient set: what is asked for one process is not for all its children (CVE-2022-29162).</summary>
    private static CapabilitiesConfig Add(CapabilitiesConfig container, ImmutableArray<string> added)
    {
        foreach (string name in added)
        {
            if (Containerception.Linux.Capabilities.Parse(name) is null)
            {
                throw new ContainerException(FailureKind.Invalid, $"--cap: unknown capability \"{name}\"");
            }
        }

        return container with
        {
            Bounding = container.Bounding.AddRange(added),
            Effective = container.Effective.AddRange(added),
            Permitted = container.Permitted.AddRange(added),
        };
    }

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
