using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock logout</c>: forgets who one is to a registry.</summary>
internal static class LogoutCommand
{
    public static Command Create(Output output)
    {
        Argument<string> server = new("REGISTRY") { Description = "HOST or HOST:PORT; docker.io without", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("logout", "Log out from a registry") { server };
        command.SetAction(parsed =>
        {
            string registry = LoginCommand.Registry(parsed.GetValue(server));
            output.Standard.WriteLine(DockerConfigFile.OfUser().Forget(registry) ? $"Removing login credentials for {registry}" : $"Not logged in to {registry}");
            return ExitCode.Success;
        });
        return command;
    }
}
