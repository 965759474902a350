using System.CommandLine;
using Containerception.Engine;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary><c>cdock cp</c>: files between a container and the host.</summary>
internal static class CpCommand
{
    public static Command Create(Output output)
    {
        Option<bool> archive = new("--archive", "-a") { Description = "Keep the numbers of users and groups" };
        Option<bool> follow = new("--follow-link", "-L") { Description = "Of a SRC that is a symbolic link, copy what it leads to" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Do not say what was copied" };
        Argument<string> source = new("SRC") { Description = "CONTAINER:PATH, a path on the host, or - for a tar archive on standard input" };
        Argument<string> target = new("DST") { Description = "CONTAINER:PATH, a path on the host, or - for a tar archive on standard output" };
        Command command = new("cp", "Copy files between a container and the host") { archive, follow, quiet, source, target };
        command.SetAction(parsed =>
        {
            (string? from, string fromPath) = Split(parsed.GetValue(source)!, "source");
            (string? to, string toPath) = Split(parsed.GetValue(target)!, "destination");
            ContainerEngine engine = ContainerEngine.Open(new EngineOptions());
            CopyRequest request = new(parsed.GetValue(archive), parsed.GetValue(follow));
            if (from is null && fromPath == "-" && to is not null)
            {
                using FileStream stream = new(Descriptors.Duplicate(Descriptors.Borrow(0)), FileAccess.Read);
                engine.CopyIn(stream, to, toPath);
                return ExitCode.Success;
            }

            if (to is null && toPath == "-" && from is not null)
            {
                using FileStream stream = new(Descriptors.Duplicate(Descriptors.Borrow(1)), FileAccess.Write);
                engine.CopyOut(from, fromPath, stream, request);
                return ExitCode.Success;
            }

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
