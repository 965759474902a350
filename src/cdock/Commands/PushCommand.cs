using System.CommandLine;
using System.Diagnostics;
using Containerception.Images;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary><c>cdock push</c>: sends images to their registries.</summary>
internal static class PushCommand
{
    public static Command Create(Output output)
    {
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only the image's name in the end" };
        Option<bool> all = new("--all-tags", "-a") { Description = "Every tag of the repository that is here" };
        Option<string> progress = TransferLines.Option();
        Argument<string> name = new("NAME") { Description = "An image: [REGISTRY/]REPOSITORY[:TAG]" };
        Command command = new("push", "Send an image to its registry") { quiet, all, progress, name };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            ImageReference image = ImageReference.Parse(parsed.GetValue(name)!);
            if (image.Digest is not null)
            {
                throw new UsageException("cannot push a digest reference", "push a tag");
            }

            ImageReference[] images = parsed.GetValue(all) ? TagsOf(session, image) : [image];
            using TransferLines lines = TransferLines.On(output.Standard, Descriptors.Borrow(1), parsed.GetValue(quiet), parsed.GetValue(progress));
            lines.Say($"The push refers to repository [{image.WithoutTag}]");
            foreach (ImageReference one in images)
            {
                PushedImage pushed = new Pusher(session.Registry, session.Store).Push(one, step => Tell(lines, step), CancellationToken.None).GetAwaiter().GetResult();
                lines.End();
                session.Events.Note("push", one.FamiliarText, one.FamiliarName);
                lines.Say($"{one.Tag}: digest: {pushed.Digest} size: {pushed.Size}");
            }

            if (parsed.GetValue(quiet))
            {
                lines.Conclude(parsed.GetValue(all) ? image.WithoutTag : image.ToString());
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static ImageReference[] TagsOf(ImageSession session, ImageReference image)
    {
        ImageReference[] tags = [.. session.Store.Table.List().SelectMany(stored => stored.Tags).Select(tag => tag.Reference).Where(tag => tag.WithoutTag == image.WithoutTag)];
        return tags.Length > 0 ? tags : throw new ImageException(ImageFailure.NotFound, $"an image does not exist locally with the tag: {image.FamiliarName}");
    }

    private static void Tell(TransferLines lines, PushProgress step)
    {
        switch (step.State)
        {
            case PushState.Waiting:
                lines.Tell(step.Digest, "Preparing");
                break;
            case PushState.Sending:
                lines.Tell(step.Digest, "Pushing", step.Sent, step.Size);
                break;
            case PushState.Exists:
                lines.Tell(step.Digest, "Layer already exists");
                break;
            case PushState.Mounted:
                lines.Tell(step.Digest, $"Mounted from {step.From}");
                break;
            case PushState.Done:
                lines.Tell(step.Digest, "Pushed");
                break;
            default:
                throw new UnreachableException();
        }
    }
}
