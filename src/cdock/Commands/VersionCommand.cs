using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Containerception.Cdock;

/// <summary><c>cdock version</c>: in docker's two parts, which are one program here.</summary>
internal static class VersionCommand
{
    public static string Number { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>uname(2)'s word for the processor.</summary>
    public static string Machine => Architecture switch
    {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        string other => other,
    };

    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        System.Runtime.InteropServices.Architecture other => other.ToString().ToLowerInvariant(),
    };

    public static Command Create(Output output)
    {
        Option<string> format = new("--format", "-f") { Description = "json, or a template: '{{.Server.Version}}'", HelpName = "FORMAT" };
        Command command = new("version", "Print the version") { format };
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(format) switch
            {
                null => Text(),
                "json" => JsonText.Line(Document()),
                string template => Template.Parse(template).Execute(Document()),
            };
            output.Standard.WriteLine(text);
            return ExitCode.Success;
        });
        return command;
    }

    private static JsonObject Document() => new()
    {
        ["Client"] = Part(),
        ["Server"] = Part(),
    };

    private static JsonObject Part() => new()
    {
        ["Version"] = Number,
        ["Os"] = "linux",
        ["Arch"] = Architecture,
        ["KernelVersion"] = Cdock.Machine.Kernel(),
        ["RuntimeVersion"] = Environment.Version.ToString(),
    };

    private static string Text() => $"""
        Client:
         Version:           {Number}
         .NET version:      {Environment.Version}
         OS/Arch:           linux/{Architecture}

        Server: no daemon; the engine is in this program
         Engine:
          Version:          {Number}
          OS/Arch:          linux/{Architecture}
          Kernel version:   {Cdock.Machine.Kernel()}
        """;
}
