using System.CommandLine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary><c>cdock pull</c>: fetches images from their registries.</summary>
internal static class PullCommand
{
    public static Command Create(Output output)
    {
        Option<bool> quiet = new("--quiet", "-q") { Description = "Only the image's name in the end" };
        Option<bool> all = new("--all-tags", "-a") { Description = "Every tag of the repository" };
        Option<string> platform = new("--platform") { Description = "Which image of several: linux/arm64, linux/arm/v7", HelpName = "OS/ARCH" };
        Option<string> progress = TransferLines.Option();
        Argument<string> name = new("NAME") { Description = "An image: [REGISTRY/]REPOSITORY[:TAG|@DIGEST]" };
        Command command = new("pull", "Fetch an image from its registry") { quiet, all, platform, progress, name };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            Platform wanted = parsed.GetValue(platform) is string text ? PlatformChoice.Parse(text) : PlatformChoice.OfThisMachine;
            ImageReference image = ImageReference.Parse(parsed.GetValue(name)!);
            using TransferLines lines = TransferLines.On(output.Standard, Descriptors.Borrow(1), parsed.GetValue(quiet), parsed.GetValue(progress));
            if (parsed.GetValue(all))
            {
                PullAll(session, image, parsed.GetValue(name)!, wanted, lines);
                lines.Conclude(image.WithoutTag);
                return ExitCode.Success;
            }

            if (!IsTagged(parsed.GetValue(name)!))
            {
                lines.Say("Using default tag: latest");
            }

            Pull(session, image, wanted, lines);
            lines.Conclude(image.ToString());
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Fetches one image, in docker's words.</summary>
    public static PulledImage Pull(ImageSession session, ImageReference image, Platform platform, TransferLines lines)
    {
        lines.Say($"{image.TagOrDigest}: Pulling from {image.Repository}");
        PulledImage pulled = new Puller(session.Registry, session.Store).Pull(image, platform, step => Tell(lines, step), CancellationToken.None).GetAwaiter().GetResult();
        lines.End();
        session.Events.Note("pull", image.FamiliarText, image.FamiliarName);
        lines.Say($"Digest: {pulled.Digest}");
        lines.Say($"Status: {(pulled.IsNew ? "Downloaded newer image" : "Image is up to date")} for {image.FamiliarText}");
        return pulled;
    }

    private static void PullAll(ImageSession session, ImageReference image, string name, Platform platform, TransferLines lines)
    {
        if (IsTagged(name))
        {
            throw new UsageException("tag can't be used with --all-tags/-a");
        }

        foreach (string tag in session.Registry.ListTags(image, CancellationToken.None).GetAwaiter().GetResult())
        {
            // A tag comes from the registry: whatever it is, it must be one.
            Pull(session, ImageReference.Parse($"{image.FamiliarName}:{tag}"), platform, lines);
        }
    }

    private static void Tell(TransferLines lines, LayerProgress step)
    {
        switch (step.State)
        {
            case LayerState.Waiting:
                lines.Tell(step.Digest, "Pulling fs layer");
                break;
            case LayerState.Arriving:
                lines.Tell(step.Digest, "Downloading", step.Arrived, step.Size);
                break;
            case LayerState.Unpacking:
                lines.Tell(step.Digest, "Extracting");
                break;
            case LayerState.Exists:
                lines.Tell(step.Digest, "Already exists");
                break;
            case LayerState.Done:
                lines.Tell(step.Digest, "Pull complete");
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static bool IsTagged(string name) => name.Contains('@', StringComparison.Ordinal) || name.LastIndexOf(':') > name.LastIndexOf('/');
}
