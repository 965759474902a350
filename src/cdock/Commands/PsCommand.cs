using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock ps</c>: lists containers, in docker's table.</summary>
internal static class PsCommand
{
    public static Command Create(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also containers that have ended" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only ids" };
        Option<bool> full = new("--no-trunc") { Description = "Whole ids and commands" };
        Option<string> format = new("--format") { Description = "json: one object a line", HelpName = "table|json" };
        Command command = new("ps", "List containers") { all, quiet, full, format };
        command.SetAction(parsed =>
        {
            string shape = parsed.GetValue(format) ?? "table";
            if (shape is not ("table" or "json"))
            {
                throw new UsageException($"invalid value \"{shape}\" for --format", "use table or json");
            }

            IReadOnlyList<ContainerInfo> containers = ContainerEngine.Open(new EngineOptions()).List(parsed.GetValue(all));
            PsTable table = new(TimeProvider.System.GetUtcNow(), parsed.GetValue(full));
            output.Standard.Write(parsed.GetValue(quiet) ? table.Ids(containers) : shape == "json" ? table.Json(containers) : table.Text(containers));
            return ExitCode.Success;
        });
        return command;
    }
}
