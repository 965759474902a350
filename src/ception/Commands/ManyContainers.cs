using Containerception.Linux;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>--regex</c>: a verb that is done to all containers whose ids match.</summary>
internal static class ManyContainers
{
    public static readonly Flag Regex = Flag.Switch("regex", "r", "take the id as a regular expression, and all containers that it matches");

    /// <summary>Does it to the one that is named, or to all that match: a failure stops nothing, and the first is thrown at the end.</summary>
    public static int Each(Invocation call, Action<ContainerRuntime, string> act)
    {
        ContainerRuntime runtime = call.OpenRuntime();
        if (!call.Flags.Is(Regex))
        {
            act(runtime, call.Id);
            return ExitCode.Fine;
        }

        ContainerException? first = null;
        foreach (string id in Matching(runtime, call.Id))
        {
            try
            {
                act(runtime, id);
            }
            catch (ContainerException failure)
            {
                first ??= new ContainerException(failure.Kind, $"{id}: {failure.Message}", failure.Hint, failure);
            }
        }

        return first is null ? ExitCode.Fine : throw first;
    }

    private static List<string> Matching(ContainerRuntime runtime, string pattern)
    {
        try
        {
            using RegularExpression expression = new(pattern);
            return [.. runtime.List().Select(container => container.Id).Where(expression.IsMatch)];
        }
        catch (FormatException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"--regex: \"{pattern}\" is no regular expression: {failure.Message}", cause: failure);
        }
    }
}
