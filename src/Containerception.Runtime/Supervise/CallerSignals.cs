using System.Globalization;
using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// The signal mask that the caller of ception had, which the container's program gets. Who stays in the foreground must block all signals in
/// every thread of the process, or one of them ends it before it is passed on; the runtime's own thread inherits the mask of the execve.
/// So <see cref="SealedBinary"/>, which executes this program again, blocks them first and leaves word of the mask in a variable.
/// </summary>
internal static class CallerSignals
{
    private const string Variable = "_CEPTION_SIGNAL_MASK";

    /// <summary>Blocks all signals, and says so to the next program of this process.</summary>
    public static string BlockOverExec()
        => string.Create(CultureInfo.InvariantCulture, $"{Variable}={Signals.Block(SignalSet.All).Bits:x}");

    /// <summary>Blocks all signals in all threads, if they are not.</summary>
    /// <returns>The caller's mask.</returns>
    public static SignalSet Block() => Inherited() ?? Signals.BlockForProcess(SignalSet.All);

    /// <summary>For who does not stay: the caller's mask again, so that a Ctrl-C still ends us.</summary>
    public static SignalSet Restore()
    {
        if (Inherited() is not { } mask)
        {
            return Signals.Block(SignalSet.Empty);
        }

        Signals.SetMask(mask);
        return mask;
    }

    private static SignalSet? Inherited()
        => ulong.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong bits)
            && Signals.Block(SignalSet.Empty).Contains(Signal.SIGTERM)
            ? new SignalSet(bits)
            : null;
}
