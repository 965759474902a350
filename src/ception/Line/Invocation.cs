using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary>What a verb has to work with.</summary>
internal sealed class Invocation(ParsedFlags global, ParsedFlags flags, Output output, Log log)
{
    public ParsedFlags Global { get; } = global;

    public ParsedFlags Flags { get; } = flags;

    public Output Output { get; } = output;

    public Log Log { get; } = log;

    /// <summary>The first argument: a container's id, for most verbs.</summary>
    public string Id => Flags.Arguments[0];

    public string Root => GlobalFlags.RootOf(Global);

    public ContainerRuntime OpenRuntime() => new(Root, Log.IsDebug ? Log.Step : null, Log.Warning);
}
