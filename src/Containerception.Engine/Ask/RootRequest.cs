using Containerception.Oci;

namespace Containerception.Engine;

/// <summary>The files that a container starts on.</summary>
public abstract record RootRequest
{
    private RootRequest()
    {
    }

    /// <summary>What <c>ps</c> shows in its IMAGE column.</summary>
    public abstract string Label { get; }

    /// <summary>The name of <see cref="Host"/>, which no registry's image can take.</summary>
    public const string HostName = "host";

    /// <summary>Reads <c>DIR</c>, <c>DIR:overlay</c> or <c>DIR:O</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: a path that is no directory.</exception>
    public static RootRequest FromDirectory(string text)
    {
        bool overlay = text.EndsWith(":overlay", StringComparison.Ordinal) || text.EndsWith(":O", StringComparison.Ordinal);
        string path = Path.GetFullPath(overlay ? text[..text.LastIndexOf(':')] : text);
        return Directory.Exists(path)
            ? new DirectoryTree(path, overlay)
            : throw new EngineException(FailureKind.NotFound, $"--rootfs: {path} is not a directory");
    }

    /// <summary>Reads the path of an OCI bundle.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/>: no config.json there.</exception>
    public static RootRequest FromBundle(string text)
    {
        string path = Path.GetFullPath(text);
        return File.Exists(Path.Join(path, "config.json"))
            ? new OciBundle(path)
            : throw new EngineException(FailureKind.NotFound, $"--bundle: {path} has no config.json");
    }

    /// <summary>The built-in image: this machine's programs and libraries, with none of its secrets; what is written is thrown away.</summary>
    public sealed record Host : RootRequest
    {
        /// <inheritdoc/>
        public override string Label => "host";
    }

    /// <summary>An image that is here, unpacked: <see cref="ContainerEngine.FindImage"/> finds it.</summary>
    /// <param name="Name">As the user wrote it.</param>
    /// <param name="Id">The image's id; the name may lead to another one later.</param>
    public sealed record Image(string Name, Digest Id) : RootRequest
    {
        /// <inheritdoc/>
        public override string Label => Name;
    }

    /// <summary>A directory with a root file system.</summary>
    /// <param name="Path">Absolute.</param>
    /// <param name="Overlay">What is written goes to a layer of its own and is thrown away.</param>
    public sealed record DirectoryTree(string Path, bool Overlay) : RootRequest
    {
        /// <inheritdoc/>
        public override string Label => Path;
    }

    /// <summary>An OCI bundle, whose config.json is what the flags change.</summary>
    /// <param name="Path">Absolute.</param>
    public sealed record OciBundle(string Path) : RootRequest
    {
        /// <inheritdoc/>
        public override string Label => Path;
    }
}
