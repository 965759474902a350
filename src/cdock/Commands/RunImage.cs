using System.CommandLine;
using Containerception.Engine;
using Containerception.Images;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Cdock;

/// <summary>The root that <c>run</c> is asked for by a name: the built-in one, or an image, which is fetched where it is not here.</summary>
/// <param name="options">What may be said.</param>
/// <param name="parsed">What was.</param>
/// <param name="output">Where progress is told.</param>
/// <param name="engine">Whose images they are.</param>
/// <param name="fetches">Is called before one is fetched.</param>
internal sealed class RunImage(RunOptions options, ParseResult parsed, Output output, ContainerEngine engine, Action? fetches = null)
{
    /// <exception cref="EngineException">There is no such image.</exception>
    /// <exception cref="ImageException">It cannot be fetched.</exception>
    /// <exception cref="UsageException">The flags make no sense.</exception>
    public RootRequest Named(string name)
    {
        string pull = parsed.GetValue(options.Pull) ?? "missing";
        if (pull is not ("always" or "missing" or "never"))
        {
            throw new UsageException($"invalid value \"{pull}\" for --pull", "use always, missing or never");
        }

        if (name == RootRequest.HostName)
        {
            return new RootRequest.Host();
        }

        RootRequest.Image? here = pull == "always" ? null : Find(name);
        return here ?? (pull == "never" ? throw Missing(name) : Fetched(name, pull));
    }

    private RootRequest.Image? Find(string name)
    {
        try
        {
            return engine.FindImage(name, parsed.GetValue(options.Platform));
        }
        catch (EngineException failure) when (failure.Kind == FailureKind.Invalid && name.Contains('/', StringComparison.Ordinal) && Directory.Exists(name))
        {
            throw new EngineException(FailureKind.NotFound, $"no image is called \"{name}\"", $"it is a directory: use --rootfs {name}", failure);
        }
    }

    private RootRequest.Image Fetched(string name, string pull)
    {
        fetches?.Invoke();
        using ImageSession session = ImageSession.Open();
        ImageReference image = ImageReference.Parse(name);
        Platform platform = parsed.GetValue(options.Platform) is string text ? PlatformChoice.Parse(text) : PlatformChoice.OfThisMachine;
        using TransferLines lines = TransferLines.On(output.Error, Descriptors.Borrow(2), parsed.GetValue(options.Quiet));
        if (pull == "missing")
        {
            lines.Say($"Unable to find image '{image.FamiliarText}' locally");
        }

        PullCommand.Pull(session, image, platform, lines);
        return Find(name) ?? throw Missing(name);
    }

    private static EngineException Missing(string name)
        => new(FailureKind.NotFound, $"no such image: {ImageReference.Parse(name).FamiliarText}", "`cdock pull` fetches it, `cdock images` lists what is here");
}
