using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock image prune</c>: removes images that nobody has a use for.</summary>
internal static class ImagePruneCommand
{
    private const string AllGo = "WARNING! This will remove all images without at least one container associated to them.";
    private const string DanglingGo = "WARNING! This will remove all dangling images.";

    public static Command Create(Output output)
    {
        Option<bool> all = new("--all", "-a") { Description = "Also images with a tag, that no container was made of" };
        Option<bool> force = new("--force", "-f") { Description = "Do not ask" };
        Option<string[]> filter = new("--filter") { Description = $"Only some: {string.Join(", ", ImageChoice.KnownToPrune)}", HelpName = "NAME=VALUE" };
        Command command = new("prune", "Remove images without a tag, and content that nothing leads to") { all, force, filter };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            ImageChoice choice = new(session.Store, Filters.Parse(parsed.GetValue(filter), ImageChoice.KnownToPrune), TimeProvider.System.GetUtcNow());
            bool everyone = parsed.GetValue(all) || choice.Dangling == false;
            if (!parsed.GetValue(force) && !Question.Ask(output, everyone ? AllGo : DanglingGo))
            {
                return ExitCode.Success;
            }

            Removed removed = session.Removal().Prune(everyone, choice.Has);
            session.Events.NotePrune(removed);
            if (removed.Untagged.Count + removed.Deleted.Count > 0)
            {
                output.Standard.WriteLine("Deleted Images:");
                RmiCommand.Tell(removed, output, "untagged", "deleted");
                output.Standard.WriteLine("");
            }

            output.Standard.WriteLine($"Total reclaimed space: {Words.Size(removed.Bytes)}");
            return ExitCode.Success;
        });
        return command;
    }
}
