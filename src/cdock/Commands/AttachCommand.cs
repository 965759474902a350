using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock attach</c>: joins this terminal with a container's streams.</summary>
internal static class AttachCommand
{
    public static Command Create()
    {
        Option<bool> noInput = new("--no-stdin") { Description = "Do not give the program this standard input" };
        Option<bool> proxy = new("--sig-proxy") { Description = "Pass signals on to the program", DefaultValueFactory = _ => true };
        Option<string> keys = DetachKeysOption.Create();
        Argument<string> container = new("CONTAINER") { Description = "The container's name or id" };
        Command command = new("attach", "Join this terminal with a running container's streams") { noInput, proxy, keys, container };
        command.SetAction(parsed => ContainerEngine.Open(new EngineOptions()).Attach(parsed.GetValue(container)!, new AttachRequest
        {
            Stdin = !parsed.GetValue(noInput),
            SignalProxy = parsed.GetValue(proxy),
            DetachKeys = parsed.GetValue(keys) ?? AttachRequest.DetachKeysDefault,
        }));
        return command;
    }
}
