using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>The hooks that run outside the container: prestart, createRuntime, poststart, poststop. runtime-spec, config.md, "POSIX-platform Hooks".</summary>
internal static class Hooks
{
    /// <summary>Runs them in order; the first that fails ends it.</summary>
    public static void Run(string kind, ImmutableArray<HookConfig> hooks, ReadOnlySpan<byte> state, HookOutput output)
    {
        for (int i = 0; i < hooks.Length; i++)
        {
            Run(kind, i, hooks[i], state, output);
        }
    }

    /// <summary>Runs them all: a failure is reported at the end and stops nothing, for the container has started, or is gone.</summary>
    /// <returns>What went wrong, a line each.</returns>
    public static IReadOnlyList<string> RunAll(string kind, ImmutableArray<HookConfig> hooks, SavedState state, string status, int pid, RuntimeConfig config)
    {
        List<string> failures = [];
        using HookOutput output = TryOpen(config, state, failures);
        byte[] document = StateDocument.Write(state, status, pid);
        for (int i = 0; i < hooks.Length; i++)
        {
            try
            {
                Run(kind, i, hooks[i], document, output);
            }
            catch (ContainerException failure)
            {
                failures.Add(failure.Message);
            }
        }

        return failures;
    }

    private static HookOutput TryOpen(RuntimeConfig config, SavedState state, List<string> failures)
    {
        try
        {
            return HookOutput.Open(config, state.Bundle);
        }
        catch (ContainerException failure)
        {
            failures.Add(failure.Message);
            return new HookOutput(null, null);
        }
    }

    private static void Run(string kind, int index, HookConfig hook, ReadOnlySpan<byte> state, HookOutput output)
    {
        using SafeFileHandle input = MemoryFiles.Create("state");
        FileContents.WriteAll(input, state);
        MemoryFiles.Rewind(input);
        ImmutableArray<string> arguments = hook.Args.Length > 0 ? hook.Args : [hook.Path];
        TimeSpan? timeout = hook.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        int status;
        string words;
        try
        {
            (status, words) = Spawner.Run(hook.Path, arguments, hook.Env, input, timeout, writes: output);
        }
        catch (ContainerException failure)
        {
            throw new ContainerException(FailureKind.System, $"error running {kind} hook #{index}: {failure.Message}", cause: failure);
        }

        if (status != 0)
        {
            string said = words.Trim().ReplaceLineEndings(" ");
            throw new ContainerException(FailureKind.System, $"error running {kind} hook #{index}: {hook.Path}: exit status {status}{(said.Length > 0 ? ", output: " + said : "")}");
        }
    }
}
