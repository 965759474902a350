using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Containerception.Oci;

namespace Containerception.Images;

/// <summary>Which image of an index runs here.</summary>
public static class PlatformChoice
{
    /// <summary>This machine's.</summary>
    public static Platform OfThisMachine => new()
    {
        Os = "linux",
        Architecture = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "amd64",
            Architecture.Arm64 => "arm64",
            Architecture other => other.ToString().ToLowerInvariant(),
        },
    };

    /// <summary>Reads <c>linux/arm64</c>, <c>linux/arm/v7</c>, or an architecture alone.</summary>
    /// <exception cref="ImageException">It is none of these.</exception>
    public static Platform Parse(string text) => text.Split('/') switch
    {
        [{ Length: > 0 } architecture] when architecture != "linux" => new Platform { Os = "linux", Architecture = Normal(architecture) },
        ["linux", { Length: > 0 } architecture] => new Platform { Os = "linux", Architecture = Normal(architecture) },
        ["linux", { Length: > 0 } architecture, { Length: > 0 } variant] => new Platform { Os = "linux", Architecture = Normal(architecture), Variant = variant },
        _ => throw new ImageException(ImageFailure.Invalid, $"--platform {text}: must be like linux/amd64 or linux/arm64/v8; only Linux runs here"),
    };

    /// <summary>The entry for a platform: the very variant before one of none, that before any other. null when none is.</summary>
    public static ContentDescriptor? Best(ImmutableArray<ContentDescriptor> manifests, Platform wanted) => manifests
        .Where(manifest => manifest.Platform is { } platform && platform.Os == wanted.Os && platform.Architecture == wanted.Architecture
            && (wanted.Variant is null || platform.Variant is null || platform.Variant == wanted.Variant))
        .OrderBy(manifest => manifest.Platform!.Variant == wanted.Variant ? 0 : manifest.Platform.Variant is null or "v8" ? 1 : 2)
        .FirstOrDefault();

    private static string Normal(string architecture) => architecture switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        _ => architecture,
    };
}
