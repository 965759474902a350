using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock registry</c>: what registries have, without bringing it here.</summary>
internal static class RegistryCommand
{
    public static Command Create(Output output) => new("registry", "Look at registries, and delete from them") { Tags(output), Remove(output) };

    private static Command Tags(Output output)
    {
        Argument<string> name = new("REPOSITORY") { Description = "[REGISTRY/]REPOSITORY" };
        Command command = new("tags", "List the tags of a repository") { name };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            foreach (string tag in session.Registry.ListTags(ImageReference.Parse(parsed.GetValue(name)!), CancellationToken.None).GetAwaiter().GetResult())
            {
                // A stranger's words on a terminal.
                output.Standard.WriteLine(new string([.. tag.Where(letter => !char.IsControl(letter))]));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Command Remove(Output output)
    {
        Argument<string[]> names = new("NAME") { Description = "[REGISTRY/]REPOSITORY:TAG or @DIGEST", Arity = ArgumentArity.OneOrMore };
        Command command = new("rm", "Delete images from their registries, with every tag that leads to them") { names };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            int exitCode = ExitCode.Success;
            foreach (string name in parsed.GetValue(names)!)
            {
                try
                {
                    ImageReference image = ImageReference.Parse(name);
                    output.Standard.WriteLine($"Deleted: {image.FamiliarName}@{session.Registry.Delete(image, CancellationToken.None).GetAwaiter().GetResult()}");
                }
                catch (ImageException failure)
                {
                    output.Fail(failure.Message, failure.Hint);
                    exitCode = ExitCode.Failure;
                }
            }

            return exitCode;
        });
        return command;
    }
}
