using System.CommandLine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary><c>cdock import</c>: an image of an archive of files.</summary>
internal static class ImportCommand
{
    public static Command Create(Output output)
    {
        Option<string[]> change = new("--change", "-c") { Description = "An instruction of a Dockerfile: 'CMD [\"x\"]'", HelpName = "INSTRUCTION", AllowMultipleArgumentsPerToken = false };
        Option<string> message = new("--message", "-m") { Description = "What the image's history says", HelpName = "TEXT" };
        Option<string> platform = new("--platform") { Description = "What it runs on (default: this machine)", HelpName = "OS/ARCH" };
        Argument<string> file = new("FILE|-") { Description = "An archive of files, perhaps compressed; - is standard input" };
        Argument<string?> name = new("REPOSITORY[:TAG]") { Description = "The image's name", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("import", "Make an image of an archive of files") { change, message, platform, file, name };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            if (path.StartsWith("http://", StringComparison.Ordinal) || path.StartsWith("https://", StringComparison.Ordinal))
            {
                throw new UsageException("import does not fetch", $"curl -fL {path} | cdock import -");
            }

            using ImageSession session = ImageSession.Open();
            using SafeFileHandle? opened = path == "-" ? null : Files.Open(path, OpenFlags.O_RDONLY);
            using DescriptorStream stream = new(opened ?? Descriptors.Borrow(0));
            MadeImage made = new()
            {
                Message = parsed.GetValue(message) ?? $"Imported from {path}",
                Changes = [.. parsed.GetValue(change) ?? []],
                Platform = parsed.GetValue(platform) is string text ? PlatformChoice.Parse(text) : PlatformChoice.OfThisMachine,
            };
            ImageReference? reference = parsed.GetValue(name) is string word ? ImageReference.Parse(word) : null;
            Digest id = new ImageMaker(session.Store, TimeProvider.System).Import(stream, made, reference);
            if (reference is not null)
            {
                session.Events.Note("tag", id.ToString(), reference.FamiliarText);
            }

            session.Events.Note("import", id.ToString(), id.ToString());
            output.Standard.WriteLine(id.ToString());
            return ExitCode.Success;
        });
        return command;
    }
}
