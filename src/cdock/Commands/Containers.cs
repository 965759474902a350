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

    /// <param name="containers">Names or ids.</param>
    /// <param name="output">Where failures are told.</param>
    /// <param name="work">What is done with each.</param>
    /// <param name="isMissingFine">One that is not there is told of, and is no failure: docker's <c>--force</c>.</param>
    public static int Each(string[]? containers, Output output, Action<string> work, bool isMissingFine = false) => EachSaying(containers, output, container =>
    {
        work(container);
        return container;
    }, isMissingFine);

    /// <summary>The same, where there is more to say of each than its name.</summary>
    public static int EachSaying(string[]? containers, Output output, Func<string, string> work, bool isMissingFine = false)
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
                exitCode = isMissingFine && failure.Kind == FailureKind.NotFound ? exitCode : ExitCode.Failure;
            }
        }

        return exitCode;
    }
}
