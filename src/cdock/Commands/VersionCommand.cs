using System.CommandLine;
using System.Reflection;

namespace Containerception.Cdock;

/// <summary><c>cdock version</c>.</summary>
internal static class VersionCommand
{
    public static string Number { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static Command Create(Output output)
    {
        Command command = new("version", "Print the version");
        command.SetAction(_ =>
        {
            output.Standard.WriteLine($"cdock version {Number}");
            return ExitCode.Success;
        });
        return command;
    }
}
