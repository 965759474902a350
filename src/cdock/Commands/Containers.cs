using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>What verbs on several containers share: each is tried, and each that fails is told.</summary>
internal static class Containers
{
    public static Argument<string[]> Argument() => new("CONTAINER")
    {
        Description = "Names or ids",
        Arity = ArgumentArity.OneOrMore,
    };

    public static int Each(string[]? containers, Output output, Action<string> work) => EachSaying(containers, output, container =>
    {
        work(container);
        return container;
    });

    /// <summary>The same, where there is more to say of each than its name.</summary>
    public static int EachSaying(string[]? containers, Output output, Func<string, string> work)
    {
        int exitCode = ExitCode.Success;
        foreach (string container in containers ?? [])
        {
            try
            {
                output.Standard.WriteLine(work(container));
            }
            catch (EngineException failure)
            {
                output.Fail(failure.Message, failure.Hint);
                exitCode = ExitCode.Failure;
            }
        }

        return exitCode;
    }
}
