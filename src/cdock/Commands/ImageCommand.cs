using System.CommandLine;

namespace Containerception.Cdock;

/// <summary><c>cdock image …</c>: the verbs on images, in one place.</summary>
internal static class ImageCommand
{
    public static Command Create(Output output) => new("image", "Work with images")
    {
        HistoryCommand.Create(output), ImageInspectCommand.Create(output), ImagesCommand.Create(output, "ls"), ImagePruneCommand.Create(output), PullCommand.Create(output),
        PushCommand.Create(output), RmiCommand.Create(output, "rm"), TagCommand.Create(),
    };
}
