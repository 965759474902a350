using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock rmi</c>: takes names away from images, and images that have lost their last one.</summary>
internal static class RmiCommand
{
    public static Command Create(Output output, string name)
    {
        Option<bool> force = new("--force", "-f") { Description = "Also where containers were made of it, or where it has several names; one that is not there is no failure" };
        Option<bool> keep = new("--no-prune") { Description = "Leave the content that nothing leads to any more" };
        Argument<string[]> images = new("IMAGE") { Description = "Names or ids", Arity = ArgumentArity.OneOrMore };
        Command command = new(name, "Remove images, or names of them") { force, keep, images };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            Removal removal = session.Removal();
            int exitCode = ExitCode.Success;
            foreach (string image in parsed.GetValue(images)!)
            {
                try
                {
                    Removed removed = removal.Remove(image, parsed.GetValue(force), collect: !parsed.GetValue(keep));
                    session.Events.NoteRemoval(removed);
                    Tell(removed, output, "Untagged", "Deleted");
                }
                catch (ImageException failure)
                {
                    output.Fail(failure.Message, failure.Hint);
                    exitCode = parsed.GetValue(force) && failure.Failure == ImageFailure.NotFound ? exitCode : ExitCode.Failure;
                }
            }

            return exitCode;
        });
        return command;
    }

    public static void Tell(Removed removed, Output output, string untagged, string deleted)
    {
        foreach (string name in removed.Untagged)
        {
            output.Standard.WriteLine($"{untagged}: {name}");
        }

        foreach (string digest in removed.Deleted)
        {
            output.Standard.WriteLine($"{deleted}: {digest}");
        }
    }
}
