using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock login</c>: proves who one is to a registry, and remembers it where docker does.</summary>
internal static class LoginCommand
{
    public const string DockerHub = "docker.io";

    public static Command Create(Output output)
    {
        Option<string> user = new("--username", "-u") { Description = "Who; asked for without", HelpName = "NAME" };
        Option<string> password = new("--password", "-p") { Description = "The password, where others can see it", HelpName = "TEXT" };
        Option<bool> fromInput = new("--password-stdin") { Description = "Read the password from standard input" };
        Argument<string> server = new("REGISTRY") { Description = "HOST or HOST:PORT; docker.io without", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("login", "Log in to a registry") { user, password, fromInput, server };
        command.SetAction(parsed =>
        {
            string registry = Registry(parsed.GetValue(server));
            Credentials credentials = Ask(parsed.GetValue(user), parsed.GetValue(password), parsed.GetValue(fromInput), output);
            using RegistryClient client = new(RegistryOptions.OfMachine(), _ => credentials);
            client.CheckLogin(registry, credentials.User, CancellationToken.None).GetAwaiter().GetResult();
            DockerConfigFile file = DockerConfigFile.OfUser();
            if (!file.Keep(registry, credentials))
            {
                output.Error.WriteLine($"WARNING! Your credentials are stored unencrypted in '{file.Path}'.");
            }

            output.Standard.WriteLine("Login Succeeded");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>What docker's users write: a host, or an address of which the host counts.</summary>
    public static string Registry(string? server)
    {
        string host = server ?? DockerHub;
        foreach (string scheme in (ReadOnlySpan<string>)["https://", "http://"])
        {
            host = host.StartsWith(scheme, StringComparison.Ordinal) ? host[scheme.Length..].Split('/')[0] : host;
        }

        // As a part of a name it is looked at as closely as in any other.
        return host is "index.docker.io" or "registry-1.docker.io" ? DockerHub : ImageReference.Parse($"{host}/x") is { Registry: var registry } && registry == host
            ? host
            : throw new UsageException($"\"{server}\" is no registry", "write HOST or HOST:PORT");
    }

    private static Credentials Ask(string? user, string? password, bool fromInput, Output output)
    {
        if (password is not null && fromInput)
        {
            throw new UsageException("--password and --password-stdin are mutually exclusive");
        }

        if (fromInput && user is null)
        {
            throw new UsageException("the --password-stdin option requires --username to be set");
        }

        if (password is not null)
        {
            output.Error.WriteLine("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
        }

        using Prompt prompt = new(output.Error);
        user ??= prompt.Ask("Username: ", hidden: false);
        password ??= fromInput ? prompt.ReadAll() : prompt.Ask("Password: ", hidden: true);
        return user.Length == 0 || password.Length == 0
            ? throw new UsageException("username and password are required")
            : new Credentials(user, password);
    }
}
