using System.CommandLine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cdock;

/// <summary><c>cdock load</c>: images from an archive, docker's or an OCI layout.</summary>
internal static class LoadCommand
{
    public static Command Create(Output output)
    {
        Option<string> input = new("--input", "-i") { Description = "An archive, or the directory of an OCI layout (default: standard input)", HelpName = "FILE|DIR" };
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only the names, and no progress (there is none)" };
        Option<string> platform = new("--platform") { Description = "Which image of several: linux/arm64, linux/arm/v7", HelpName = "OS/ARCH" };
        Command command = new("load", "Load images from an archive, or an OCI layout") { input, quiet, platform };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            Platform wanted = parsed.GetValue(platform) is string text ? PlatformChoice.Parse(text) : PlatformChoice.OfThisMachine;
            foreach (LoadedImage image in Load(new ImageLoader(session.Store), parsed.GetValue(input), wanted))
            {
                session.Events.Note("load", image.Id.ToString(), image.Id.ToString());
                foreach (ImageReference name in image.Names)
                {
                    output.Standard.WriteLine($"Loaded image: {name.FamiliarText}");
                }

                if (image.Names.IsEmpty)
                {
                    output.Standard.WriteLine($"Loaded image ID: {image.Id}");
                }
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static IReadOnlyList<LoadedImage> Load(ImageLoader loader, string? input, Platform platform)
    {
        if (input is not null && Directory.Exists(input))
        {
            return loader.LoadDirectory(input, platform);
        }

        if (input is null && Terminals.IsTerminal(Descriptors.Borrow(0)))
        {
            throw new UsageException("requested load from stdin, but stdin is empty", "name a file with --input, or redirect one: cdock load < FILE");
        }

        using SafeFileHandle? opened = input is null ? null : Files.Open(input, OpenFlags.O_RDONLY);
        using DescriptorStream stream = new(opened ?? Descriptors.Borrow(0));
        return loader.Load(stream, platform);
    }
}
