using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>How this process's terminal, standard streams and signals go together with a container's.</summary>
public sealed record AttachRequest
{
    /// <summary>docker's: Ctrl-P, Ctrl-Q.</summary>
    public const string DetachKeysDefault = "ctrl-p,ctrl-q";

    /// <summary>This standard input goes to the program.</summary>
    public bool Stdin { get; init; }

    /// <summary>What the program writes to standard output is passed on; with a terminal that is all.</summary>
    public bool Stdout { get; init; } = true;

    /// <summary>Where that is passed on to; null is this process's own standard output.</summary>
    public SafeFileHandle? Output { get; init; }

    /// <summary>What the program writes to standard error is passed on.</summary>
    public bool Stderr { get; init; } = true;

    /// <summary>What is typed to leave the container running: <c>ctrl-p,ctrl-q</c>.</summary>
    public string DetachKeys { get; init; } = DetachKeysDefault;

    /// <summary>Signals to this process are sent on to the program.</summary>
    public bool SignalProxy { get; init; } = true;

    /// <summary>Is told the container's id once its program runs.</summary>
    public Action<string>? Started { get; init; }

    /// <summary>Nothing is waited for but the end of standard input: then the container is left running.</summary>
    internal bool EndsWithInput => Stdin && !Stdout && !Stderr;

    internal static WindowSize? SizeOf(int descriptor)
    {
        SafeFileHandle handle = Descriptors.Borrow(descriptor);
        return Terminals.IsTerminal(handle) ? Terminals.GetSize(handle) : null;
    }
}
