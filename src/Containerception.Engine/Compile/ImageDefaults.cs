using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>
/// What an image says of its containers, where the request says nothing: docker's rules. An image is a stranger's: its labels are told, and
/// never become annotations, which runtimes obey (CVE-2026-53488).
/// </summary>
internal static class ImageDefaults
{
    /// <summary>The request's, else the image's; root where neither says, with root's groups.</summary>
    public static string? User(RunRequest request, RootPlan root)
        => request.User ?? (root.Image is not ImageProcess image ? null : image.User.Length > 0 ? image.User : "0");

    /// <summary>Null where the image has none.</summary>
    public static string? WorkingDirectory(RootPlan root)
        => root.Image?.WorkingDir is { Length: > 0 } directory ? Path.GetFullPath(directory, "/") : null;

    /// <summary>The image's entrypoint stays before a command that was given; its own command goes.</summary>
    public static ImmutableArray<string> Arguments(ImageProcess image, ImmutableArray<string> command)
        => [.. image.Entrypoint, .. command.IsEmpty ? image.Cmd : command];

    /// <summary>What the program of an image is stopped with. One that is no signal counts for nothing, as with docker.</summary>
    public static Signal? StopSignal(RunRequest request, RootPlan root)
        => request.StopSignal ?? (root.Image?.StopSignal is string text && Signals.TryParse(text, out Signal signal) ? signal : null);

    /// <summary>Anonymous volumes at the places that the image names.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: a place that is none.</exception>
    public static IEnumerable<MountRequest> Volumes(RootPlan root)
        => root.Image is null ? [] : root.Image.Volumes.Select(place => MountRequest.ParseVolume(place.Contains(':', StringComparison.Ordinal)
            ? throw EngineException.Invalid($"the image has a volume at \"{place}\", which is no path")
            : place));

    /// <summary>The labels of a container.</summary>
    public static ImmutableSortedDictionary<string, string> Labels(RunRequest request, RootPlan root)
        => root.Image is null ? request.Labels : root.Image.Labels.SetItems(request.Labels);

    /// <summary>docker's own variables, the image's, the request's: a later one takes the place of an earlier one.</summary>
    public static ImmutableArray<string> Environment(ImmutableArray<string> standard, RunRequest request, ImageProcess image, string? hostname)
    {
        List<string> variables = [.. standard];
        if (hostname is not null)
        {
            variables.Add($"HOSTNAME={hostname}");
        }

        if (request.Tty)
        {
            variables.Add("TERM=xterm");
        }

        return Merged([.. variables], [.. image.Env, .. request.Environment]);
    }

    /// <summary>A later variable takes the place of an earlier one of its name.</summary>
    public static ImmutableArray<string> Merged(ImmutableArray<string> earlier, ImmutableArray<string> later)
    {
        List<string> variables = [.. earlier];
        foreach (string variable in later)
        {
            // One without a value is nothing that execve(2) could be given.
            if (variable.IndexOf('=') is > 0 and int equals)
            {
                string name = variable[..(equals + 1)];
                int at = variables.FindIndex(one => one.StartsWith(name, StringComparison.Ordinal));
                if (at < 0)
                {
                    variables.Add(variable);
                }
                else
                {
                    variables[at] = variable;
                }
            }
        }

        return [.. variables];
    }
}
