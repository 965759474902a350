namespace Containerception.Cli;

/// <summary><c>ception features</c>.</summary>
internal static class FeaturesCommand
{
    public static Verb Verb { get; } = new("features", "print what this version can do")
    {
        Arguments = "",
        ArgumentsMin = 0,
        ArgumentsMax = 0,
        Description = ["Prints JSON, as https://github.com/opencontainers/runtime-spec/blob/main/features.md has it."],
        Examples = ["ception features"],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        call.Output.Write(SupportedFeatures.Describe().ToJson());
        call.Output.Write("\n");
        return ExitCode.Fine;
    }
}
