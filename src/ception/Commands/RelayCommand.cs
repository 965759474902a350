using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception relay</c>: leads ports of the machine to one container.</summary>
internal static class RelayCommand
{
    public static Verb Verb { get; } = new("relay", "lead ports to one container, for its supervisor")
    {
        Arguments = "<directory>",
        Description = ["Started by ception supervise, with descriptors that it has prepared."],
        Examples = ["ception relay ~/.local/share/cdock/containers/ID"],
        Hidden = true,
        Run = _ => RelayProcess.Run(),
    };
}
