using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>cdock cp</c>: files between a container and the host.</summary>
internal static class CpCommand
{
    public static Command Create(Output output)
    {
        Option<bool> archive = new("--archive", "-a") { Description = "Keep the numbers of users and groups" };
        Option<bool> follow = new("--follow-link", "-L") { Description = "Of a SRC that is a symbolic link, copy what it leads to" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Do not say what was copied" };
        Argument<string> source = new("SRC") { Description = "CONTAINER:PATH, or a path on the host" };
        Argument<string> target = new("DST") { Description = "CONTAINER:PATH, or a path on the host" };
        Command command = new("cp", "Copy files between a container and the host") { archive, follow, quiet, source, target };
        command.SetAction(parsed =>
        {
            (string? from, string fromPath) = Split(parsed.GetValue(source)!, "source");
            (string? to, string toPath) = Split(parsed.GetValue(target)!, "destination");
            if (fromPath == "-" || toPath == "-")
            {
                throw new EngineException(FailureKind.Unsupported, "cp to or from a stream (-) is not supported yet", "name a directory");
            }

            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            CopyRequest request = new(parsed.GetValue(archive), parsed.GetValue(follow));
            long bytes = (from, to) switch
            {
                (not null, not null) => throw new UsageException("copying between containers is not supported"),
                (null, null) => throw new UsageException("must specify at least one container source"),
                (string container, null) => engine.CopyOut(container, fromPath, toPath, request),
                (null, string container) => engine.CopyIn(fromPath, container, toPath, request),
            };
            if (!parsed.GetValue(quiet))
            {
                output.Error.WriteLine($"Successfully copied {Words.Size(bytes, 3)} to {(to is null ? Path.GetFullPath(toPath) : $"{to}:{toPath}")}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    // A path that is absolute or begins with a dot is the host's, whatever colons it has.
    private static (string? Container, string Path) Split(string text, string what)
    {
        if (text.Length == 0)
        {
            throw new UsageException($"{what} can not be empty");
        }

        string[] parts = text.StartsWith('/') || text.StartsWith('.') ? [text] : text.Split(':', 2);
        return parts.Length == 2 && parts[0].Length > 0 ? (parts[0], parts[1].Length > 0 ? parts[1] : "/") : (null, text);
    }
}
