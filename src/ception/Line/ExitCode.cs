namespace Containerception.Cli;

/// <summary>The exit codes of runc, where a container's own is not passed on.</summary>
internal static class ExitCode
{
    public const int Fine = 0;

    public const int Failed = 1;

    public const int UnknownCommand = 3;

    /// <summary>An exec that could not be set up: no code of a program is likelier to be free.</summary>
    public const int ExecFailed = 255;
}
