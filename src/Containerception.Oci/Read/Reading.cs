using System.Collections.Immutable;

namespace Containerception.Oci;

public sealed partial record RuntimeConfig
{
    /// <summary>
    /// Reads a config.json. The fields have the right types then, except that of <see cref="SeccompConfig.Syscalls"/> who asks is told;
    /// <see cref="ConfigValidation"/> looks at what they say.
    /// </summary>
    /// <param name="json">The document. A piece of it is kept: it may not change any more.</param>
    /// <exception cref="ConfigException">It is not JSON, too long, or a field is of the wrong type, missing, or not supported.</exception>
    public static RuntimeConfig Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "", RuntimeConfigReader.Read);

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigException">As above.</exception>
    /// <exception cref="Linux.LinuxException">It cannot be opened or read.</exception>
    public static RuntimeConfig Read(string path) => ConfigDocument.ReadFile(path, "", RuntimeConfigReader.Read);

    /// <summary>The longest document that is read.</summary>
    public const int BytesMax = ConfigDocument.LengthMax;

    /// <summary>
    /// Reads and checks the mounts that a running container's are changed by: a file with an array of them, as crun takes it, or with a document
    /// of which only the field <c>mounts</c> counts.
    /// </summary>
    /// <exception cref="ConfigException">As above, or there are no mounts.</exception>
    public static ImmutableArray<MountConfig> ReadMounts(string path)
    {
        byte[] text = ConfigDocument.ReadText(path);
        ReadOnlySpan<byte> start = text.AsSpan().TrimStart(" \t\r\n"u8);
        byte[] document = start is [(byte)'[', ..] ? [.. "{\"mounts\":"u8, .. text, .. "}"u8] : text;
        ImmutableArray<MountConfig> mounts = ConfigDocument.Read<ImmutableArray<MountConfig>>(
            document, "", static config => config.Objects("mounts", RuntimeConfigReader.ReadMount));
        Require.That(!mounts.IsDefaultOrEmpty, "mounts", $"is required");
        ConfigValidation.CheckMounts(mounts);
        return mounts;
    }
}

public sealed partial record ProcessConfig
{
    /// <summary>Reads the document of <c>exec --process</c>.</summary>
    /// <exception cref="ConfigException">As for <see cref="RuntimeConfig.Read(ReadOnlyMemory{byte})"/>; fields are named <c>process.…</c></exception>
    public static ProcessConfig Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "process", ProcessReader.Read);

    public static ProcessConfig Read(string path) => ConfigDocument.ReadFile(path, "process", ProcessReader.Read);

    /// <summary>Reads of a config.json what is said of the process, and nothing else; null when nothing is.</summary>
    /// <exception cref="ConfigException">As for <see cref="RuntimeConfig.Read(string)"/></exception>
    public static ProcessConfig? ReadOfContainer(string path) => ConfigDocument.ReadFile(path, "", static config => config.Object("process", ProcessReader.Read));
}

public sealed partial record LinuxResources
{
    /// <summary>Reads a document of limits alone.</summary>
    /// <exception cref="ConfigException">As for <see cref="RuntimeConfig.Read(ReadOnlyMemory{byte})"/>; fields are named <c>resources.…</c></exception>
    public static LinuxResources Read(ReadOnlyMemory<byte> json) => ConfigDocument.Read(json, "resources", ResourcesReader.Read);
}
