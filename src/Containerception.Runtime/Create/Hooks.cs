using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The hooks that run outside the container: prestart, createRuntime, poststart, poststop. runtime-spec, config.md, "POSIX-platform Hooks".</summary>
internal static class Hooks
{
    /// <summary>Runs them in order; the first that fails ends it.</summary>
    public static void Run(string kind, ImmutableArray<HookConfig> hooks, ReadOnlySpan<byte> state)
    {
        for (int i = 0; i < hooks.Length; i++)
        {
            Run(kind, i, hooks[i], state);
        }
    }

    /// <summary>Runs them all: a failure is reported at the end and stops nothing, for the container has started, or is gone.</summary>
    /// <returns>What went wrong, a line each.</returns>
    public static IReadOnlyList<string> RunAll(string kind, ImmutableArray<HookConfig> hooks, ReadOnlySpan<byte> state)
    {
        List<string> failures = [];
        for (int i = 0; i < hooks.Length; i++)
        {
            try
            {
                Run(kind, i, hooks[i], state);
            }
            catch (ContainerException failure)
            {
                failures.Add(failure.Message);
            }
        }

        return failures;
    }

    private static void Run(string kind, int index, HookConfig hook, ReadOnlySpan<byte> state)
    {
        using SafeFileHandle input = MemoryFiles.Create("state");
        FileContents.WriteAll(input, state);
        MemoryFiles.Rewind(input);
        ImmutableArray<string> arguments = hook.Args.Length > 0 ? hook.Args : [hook.Path];
        TimeSpan? timeout = hook.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        int status;
        string output;
        try
        {
            (status, output) = Spawner.Run(hook.Path, arguments, hook.Env, input, timeout);
        }
        catch (ContainerException failure)
        {
            throw new ContainerException(FailureKind.System, $"error running {kind} hook #{index}: {failure.Message}", cause: failure);
        }

        if (status != 0)
        {
            string said = output.Trim().ReplaceLineEndings(" ");
            throw new ContainerException(FailureKind.System, $"error running {kind} hook #{index}: {hook.Path}: exit status {status}{(said.Length > 0 ? ", output: " + said : "")}");
        }
    }
}
