using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock start</c>: starts containers that were made, or have ended.</summary>
internal static class StartCommand
{
    public static Command Create(Output output)
    {
        Option<bool> attach = new("--attach", "-a") { Description = "Stay attached: pass output and signals on" };
        Option<bool> interactive = new("--interactive", "-i") { Description = "Give the program this standard input" };
        Option<string> keys = DetachKeysOption.Create();
        Argument<string[]> containers = Containers.Argument();
        Command command = new("start", "Start containers") { attach, interactive, keys, containers };
        command.SetAction(parsed =>
        {
            string[] names = parsed.GetValue(containers)!;
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            if (!parsed.GetValue(attach) && !parsed.GetValue(interactive))
            {
                return Containers.Each(names, output, container => engine.Start(container));
            }

            return names.Length == 1
                ? engine.StartAttached(names[0], new AttachRequest
                {
                    Stdin = parsed.GetValue(interactive),
                    DetachKeys = parsed.GetValue(keys) ?? AttachRequest.DetachKeysDefault,
                })
                : throw new UsageException("you cannot start and attach multiple containers at once");
        });
        return command;
    }
}
