using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary>Whether there is a terminal to give.</summary>
internal static class Terminal
{
    /// <exception cref="UsageException"><c>-t</c> where there is none.</exception>
    public static void Check(bool tty, bool interactive)
    {
        if (tty && !Terminals.IsTerminal(Descriptors.Borrow(interactive ? 0 : 1)))
        {
            throw new UsageException(
                interactive ? "the input device is not a TTY" : "the output device is not a TTY", "leave -t out where there is no terminal")
            {
                ExitCode = ExitCode.Failure,
            };
        }
    }
}
