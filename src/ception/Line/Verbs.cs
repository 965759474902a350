namespace Containerception.Cli;

/// <summary>The words that <c>ception</c> knows.</summary>
internal static class Verbs
{
    /// <summary>In the order in which help tells them.</summary>
    public static Verb[] All =>
    [
        CreateCommand.Verb, DeleteCommand.Verb, EventsCommand.Verb, ExecCommand.Verb, FeaturesCommand.Verb, KillCommand.Verb, ListCommand.Verb,
        MountsCommand.Verb, PauseCommand.Verb, PsCommand.Verb, ResumeCommand.Verb, RunCommand.Verb, SpecCommand.Verb, StartCommand.Verb, StateCommand.Verb,
        UpdateCommand.Verb, HelpCommand.Verb, GenerateCommand.Verb, InitProcessCommand.Verb, SuperviseCommand.Verb, RelayCommand.Verb, MapIdsCommand.Verb, BecomeRootCommand.Verb,
    ];

    // One verb's flags are made in a run of the program, so not by looking in All.
    public static Verb? Find(string name) => name switch
    {
        "create" => CreateCommand.Verb,
        "delete" => DeleteCommand.Verb,
        "events" => EventsCommand.Verb,
        "exec" => ExecCommand.Verb,
        "features" => FeaturesCommand.Verb,
        "kill" => KillCommand.Verb,
        "list" => ListCommand.Verb,
        "mounts" => MountsCommand.Verb,
        "pause" => PauseCommand.Verb,
        "ps" => PsCommand.Verb,
        "resume" => ResumeCommand.Verb,
        "run" => RunCommand.Verb,
        "spec" => SpecCommand.Verb,
        "start" => StartCommand.Verb,
        "state" => StateCommand.Verb,
        "update" => UpdateCommand.Verb,
        "init-process" => InitProcessCommand.Verb,
        "supervise" => SuperviseCommand.Verb,
        "relay" => RelayCommand.Verb,
        "map-ids" => MapIdsCommand.Verb,
        "become-root" => BecomeRootCommand.Verb,
        "help" or "h" => HelpCommand.Verb,
        "generate" => GenerateCommand.Verb,
        "checkpoint" or "restore" or "init" => UnsupportedCommand.Of(name),
        _ => null,
    };
}
