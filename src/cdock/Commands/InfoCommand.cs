using System.CommandLine;
using System.Text.Json.Nodes;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock info</c>: the engine and its machine, in docker's words.</summary>
internal static class InfoCommand
{
    public static Command Create(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.NCPU}}'", HelpName = "FORMAT" };
        Command command = new("info", "Tell of the engine and its machine") { format };
        command.SetAction(parsed =>
        {
            JsonObject document = Document(ContainerEngine.Open(new EngineOptions()));
            output.Standard.WriteLine(parsed.GetValue(format) switch
            {
                null => Text(document),
                "json" => JsonText.Line(document),
                string template => Template.Parse(template).Execute(document),
            });
            return ExitCode.Success;
        });
        return command;
    }

    private static JsonObject Document(ContainerEngine engine)
    {
        IReadOnlyList<ContainerInfo> containers = engine.List(all: true);
        using ImageSession session = ImageSession.Open();
        return new JsonObject
        {
            ["Containers"] = containers.Count,
            ["ContainersRunning"] = containers.Count(one => one.State is ContainerState.Running or ContainerState.Restarting),
            ["ContainersPaused"] = containers.Count(one => one.State == ContainerState.Paused),
            ["ContainersStopped"] = containers.Count(one => one.State is ContainerState.Created or ContainerState.Exited),
            ["Images"] = session.Store.Table.List().Count,
            ["Driver"] = "overlay2",
            ["Plugins"] = new JsonObject
            {
                ["Volume"] = ContainerDocument.Texts(["local"]),
                ["Network"] = ContainerDocument.Texts(["host", "none"]),
                ["Log"] = ContainerDocument.Texts(["journald", "json-file", "none"]),
            },
            ["LoggingDriver"] = "json-file",
            ["CgroupDriver"] = PlainUser.HasSystemd ? "systemd" : "cgroupfs",
            ["CgroupVersion"] = Machine.CgroupVersion().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["KernelVersion"] = Machine.Kernel(),
            ["OperatingSystem"] = Machine.System(),
            ["OSType"] = "linux",
            ["Architecture"] = VersionCommand.Machine,
            ["NCPU"] = Environment.ProcessorCount,
            ["MemTotal"] = ContainerEngine.MachineMemory(),
            ["DockerRootDir"] = engine.RootDirectory,
            ["Name"] = Environment.MachineName,
            ["ServerVersion"] = VersionCommand.Number,
            ["DefaultRuntime"] = "ception",
            ["SecurityOptions"] = ContainerDocument.Texts(["name=seccomp,profile=builtin", .. PlainUser.IsOne ? ["name=rootless"] : Array.Empty<string>()]),
        };
    }

    private static string Text(JsonObject one) => $"""
        Client:
         Version:    {one["ServerVersion"]}

        Server: no daemon; the engine is in this program
         Containers: {one["Containers"]}
          Running: {one["ContainersRunning"]}
          Paused: {one["ContainersPaused"]}
          Stopped: {one["ContainersStopped"]}
         Images: {one["Images"]}
         Server Version: {one["ServerVersion"]}
         Storage Driver: {one["Driver"]}
         Logging Driver: {one["LoggingDriver"]}
         Cgroup Driver: {one["CgroupDriver"]}
         Cgroup Version: {one["CgroupVersion"]}
         Plugins:
          Volume: local
          Network: host none
          Log: journald json-file none
         Default Runtime: {one["DefaultRuntime"]}
         Security Options:
          seccomp
           Profile: builtin{(PlainUser.IsOne ? "\n  rootless" : "")}
         Kernel Version: {one["KernelVersion"]}
         Operating System: {one["OperatingSystem"]}
         OSType: {one["OSType"]}
         Architecture: {one["Architecture"]}
         CPUs: {one["NCPU"]}
         Total Memory: {Words.BinarySize(one["MemTotal"]!.GetValue<long>())}
         Name: {one["Name"]}
         Root Dir: {one["DockerRootDir"]}
        """;
}
