using System.Globalization;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>A store, and beside it what no archive may touch.</summary>
internal sealed class Ground : IDisposable
{
    private readonly string _outsideBefore;

    public Ground()
    {
        Needs.Root();
        Directory.CreateDirectory(Outside);
        File.WriteAllText(Path.Join(Outside, "kept"), "as it was");
        _outsideBefore = Look(Outside);
        Layers = new LayerStore(Store);
    }

    public string Top { get; } = Path.Join(Path.GetTempPath(), $"images-{Guid.NewGuid():N}");

    public string Store => Path.Join(Top, "store");

    public string Outside => Path.Join(Top, "outside");

    public LayerStore Layers { get; }

    /// <summary>Every file below, with all that stat tells of it and what it says.</summary>
    public static string Look(string directory) => string.Join('\n', Command.Run(
        "/bin/sh", "-c", "cd \"$1\" && find . -printf '%p %y %m %U:%G %s %T@ %l\\n' | sort; find . -type f -exec sha256sum {} + | sort", "sh", directory).Output);

    /// <summary>Unpacks a layer, and hands back its directory.</summary>
    public string Unpack(byte[] layer)
    {
        using MemoryStream stream = new(layer);
        UnpackedLayer unpacked = Layers.Unpack(stream, diffId: null, static () => { });
        return Layers.PathOf(unpacked.DiffId);
    }

    /// <summary>A layer that must be refused; nothing of it may stay.</summary>
    public ImageException Refuses(byte[] layer, Digest? diffId = null)
    {
        using MemoryStream stream = new(layer);
        ImageException refused = Assert.Throws<ImageException>(() => Layers.Unpack(stream, diffId, static () => { }));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(Store, "layers")));
        NothingHalfMade();
        return refused;
    }

    public void NothingHalfMade()
    {
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(Store, "staging")));
        Assert.Equal(_outsideBefore, Look(Outside));
        Assert.Equal(["outside", "store"], Directory.GetFileSystemEntries(Top).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    /// <summary>What stat(1) says of a file.</summary>
    public static string Stat(string format, string path) => Command.Run("/usr/bin/stat", "-c", format, path).Succeeded();

    public static string Octal(int mode) => Convert.ToString(mode, 8).ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        NothingHalfMade();
        FileTrees.Remove(Top);
    }
}
