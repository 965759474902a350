using System.CommandLine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary><c>cdock save</c>: images into an archive, which is docker's and an OCI layout in one.</summary>
internal static class SaveCommand
{
    public static Command Create(Output output)
    {
        Option<string> file = ArchiveOutput.Option();
        Argument<string[]> images = new("IMAGE") { Description = "Names or ids; a name without a tag is all of its tags", Arity = ArgumentArity.OneOrMore };
        Command command = new("save", "Write images into an archive, which `cdock load`, docker, podman and skopeo read") { file, images };
        command.SetAction(parsed =>
        {
            using ImageSession session = ImageSession.Open();
            ArchiveOutput.Write(parsed.GetValue(file), stream => new ImageSaver(session.Store).Save(parsed.GetValue(images)!, stream));
            foreach (string id in parsed.GetValue(images)!.Select(name => session.Store.Get(name).Id.ToString()).Distinct())
            {
                session.Events.Note("save", id, id);
            }

            return ExitCode.Success;
        });
        return command;
    }
}
