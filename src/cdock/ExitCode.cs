using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary>cdock's exit codes where no program's is passed on: docker's.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A command about containers failed.</summary>
    public const int Failure = 1;

    /// <summary><c>run</c> failed before the program started.</summary>
    public const int NotStarted = 125;

    public const int NotExecutable = 126;

    public const int ProgramNotFound = 127;

    public static int Of(FailureKind kind) => kind switch
    {
        FailureKind.NotExecutable => NotExecutable,
        FailureKind.ProgramNotFound => ProgramNotFound,
        FailureKind.Invalid or FailureKind.NotFound or FailureKind.AlreadyExists or FailureKind.Conflict or FailureKind.Unsupported
            or FailureKind.System => NotStarted,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
