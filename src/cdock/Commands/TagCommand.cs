using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock tag</c>: gives an image another name.</summary>
internal static class TagCommand
{
    public static Command Create()
    {
        Argument<string> image = new("IMAGE") { Description = "A name or an id" };
        Argument<string> name = new("NAME") { Description = "The new name: [REGISTRY/]REPOSITORY[:TAG]" };
        Command command = new("tag", "Give an image another name") { image, name };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            session.Store.Tag(parsed.GetValue(image)!, parsed.GetValue(name)!);
            session.Events.Note("tag", session.Store.Get(parsed.GetValue(name)!).Id.ToString(), ImageReference.Parse(parsed.GetValue(name)!).FamiliarText);
            return ExitCode.Success;
        });
        return command;
    }
}
