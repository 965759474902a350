using System.CommandLine;

namespace Containerception.Cdock;

/// <summary><c>cdock image …</c>: the verbs on images, in one place.</summary>
internal static class ImageCommand
{
    private static readonly string[] Same = ["import", "load", "save"];

    /// <summary>The line with a verb's first name: <c>image save</c> is <c>save</c>.</summary>
    public static string[] Rewrite(string[] words) => words is ["image", string verb, ..] && Same.Contains(verb) ? words[1..] : words;

    public static Command Create(Output output) => new("image", $"Work with images; {string.Join(", ", Same)} are the verbs of those names")
    {
        HistoryCommand.Create(output), ImageInspectCommand.Create(output), ImagesCommand.Create(output, "ls"), ImagePruneCommand.Create(output), PullCommand.Create(output),
        PushCommand.Create(output), RmiCommand.Create(output, "rm"), TagCommand.Create(),
    };
}
