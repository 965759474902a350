using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>A bundle that was read and found valid. runtime-spec, bundle.md.</summary>
internal sealed class Bundle
{
    /// <summary>A config.json of this size has tens of thousands of mounts; more is an attack on our memory.</summary>
    public const int ConfigBytesMax = 4 << 20;

    private Bundle(string directory, byte[] document, RuntimeConfig config, string rootfs)
    {
        Directory = directory;
        Document = document;
        Config = config;
        Rootfs = rootfs;
    }

    /// <summary>Absolute.</summary>
    public string Directory { get; }

    /// <summary>config.json as it was when the container was made: exec and delete use this, not what the file says later.</summary>
    public byte[] Document { get; }

    public RuntimeConfig Config { get; }

    /// <summary>The root file system's absolute path, without links.</summary>
    public string Rootfs { get; }

    public LinuxConfig Linux => Config.Linux ?? Empty;

    private static LinuxConfig Empty { get; } = new();

    /// <summary>The same with what this start of it adds, and no later command shall see.</summary>
    public Bundle With(RuntimeConfig config) => new(Directory, Document, config, Rootfs);

    /// <param name="directory">The bundle.</param>
    /// <param name="configFile">The configuration, in it or absolute.</param>
    public static Bundle Open(string directory, string configFile)
    {
        string absolute = Path.GetFullPath(directory);
        byte[] document = ReadConfig(Path.Combine(absolute, configFile));
        RuntimeConfig config = Read(document);
        string rootfs = RealPath(Path.GetFullPath(config.Root!.Path, absolute));
        return new Bundle(absolute, document, config, rootfs);
    }

    /// <summary>The bundle as it was when the container was made.</summary>
    public static Bundle Saved(SavedState state, byte[] document) => new(state.Bundle, document, Read(document), state.Rootfs);

    /// <summary>The configuration that a container was made of.</summary>
    public static RuntimeConfig Read(byte[] document)
    {
        try
        {
            RuntimeConfig config = RuntimeConfig.Read(document);
            ConfigValidation.Validate(config);
            return config;
        }
        catch (ConfigException failure)
        {
            string prefix = failure.Field.Length == 0 ? "config.json: " : "";
            throw new ContainerException(FailureKind.Invalid, prefix + failure.Message, cause: failure);
        }
    }

    private static byte[] ReadConfig(string path)
    {
        try
        {
            using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK);
            return FileContents.ReadAll(file, ConfigBytesMax);
        }
        catch (LinuxException failure) when (failure.Errno == Errno.ENOENT)
        {
            throw new ContainerException(FailureKind.Invalid, $"JSON specification file {path} not found", "a bundle is a directory with a config.json: 'ception spec' writes one", failure);
        }
        catch (IOException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"cannot read {path}: {failure.Message}", cause: failure);
        }
    }

    private static string RealPath(string path)
    {
        try
        {
            using SafeFileHandle directory = Files.Open(path, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC);
            return Files.ReadLinkAt(Descriptor.WorkingDirectory, $"/proc/self/fd/{directory.DangerousGetHandle()}");
        }
        catch (LinuxException failure)
        {
            throw new ContainerException(FailureKind.Invalid, $"root.path: invalid rootfs: {path}: {LinuxException.Describe(failure.Errno)}", "unpack an image's files there", failure);
        }
    }
}
