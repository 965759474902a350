using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A program that runs in its container.</summary>
/// <param name="Pid">Its first process, a child of the supervisor.</param>
/// <param name="Terminal">The master of its terminal.</param>
internal sealed record StartedProgram(int Pid, SafeFileHandle? Terminal);

/// <summary>Makes, changes and removes the one container of a supervisor, by whatever runtime it was asked for.</summary>
internal interface IContainerRunner
{
    /// <summary>Makes the container and lets its program run.</summary>
    /// <param name="ends">What the program's streams are; null with a terminal.</param>
    /// <exception cref="ContainerException">It does not run, and nothing is left.</exception>
    StartedProgram Start(ProgramEnds? ends);

    /// <exception cref="ContainerException">The program was not told.</exception>
    void Kill(Signal signal);

    /// <exception cref="ContainerException">They go on.</exception>
    void Pause();

    /// <exception cref="ContainerException">They do not go on.</exception>
    void Resume();

    /// <summary>How many of the container's processes were killed for lack of memory; to be asked before <see cref="Delete"/>.</summary>
    long OomKills();

    /// <summary>Takes away what is left of the container.</summary>
    void Delete();

    /// <summary>The words that run a command in the container and return at once; the command's pid goes to a file.</summary>
    string[] ExecLine(string pidFile, IReadOnlyList<string> command);
}
