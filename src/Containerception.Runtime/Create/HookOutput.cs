using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>Where hooks write what is not kept for an error message: run.oci.hooks.stdout and run.oci.hooks.stderr.</summary>
/// <param name="Stdout">Appended to; null for nowhere of its own.</param>
/// <param name="Stderr">The same.</param>
internal sealed record HookOutput(SafeFileHandle? Stdout, SafeFileHandle? Stderr) : IDisposable
{
    private const UnixFileMode NewFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <param name="config">The container's.</param>
    /// <param name="bundle">Where relative paths start.</param>
    public static HookOutput Open(RuntimeConfig config, string bundle)
    {
        if (config.Hooks is null)
        {
            return new HookOutput(null, null);
        }

        SafeFileHandle? stdout = Open(config, bundle, RuntimeAnnotations.HooksStdout);
        return new HookOutput(stdout, Open(config, bundle, RuntimeAnnotations.HooksStderr));
    }

    public void Dispose()
    {
        Stdout?.Dispose();
        Stderr?.Dispose();
    }

    private static SafeFileHandle? Open(RuntimeConfig config, string bundle, string annotation)
    {
        if (!config.Annotations.TryGetValue(annotation, out string? path))
        {
            return null;
        }

        try
        {
            return Files.Open(Path.Combine(bundle, path), OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_APPEND | OpenFlags.O_CLOEXEC, NewFile);
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.System, $"annotations.{annotation}: {failure.Message}", cause: failure);
        }
    }
}
