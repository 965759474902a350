using System.Formats.Tar;
using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using Containerception.Images;
using Containerception.Oci;

namespace Containerception.Micro;

/// <summary>From a blob to a layer.</summary>
public class ImageBenchmarks
{
    private const int Files = 1000;
    private const int FileBytes = 8192;
    private const int FilesOfDirectory = 50;
    private const int BlobBytes = 16 << 20;

    private readonly byte[] _blob = new byte[BlobBytes];
    private byte[] _archive = [];
    private byte[] _compressed = [];
    private LayerStore? _store;

    [GlobalSetup]
    public void Prepare()
    {
        Random random = new(1);
        random.NextBytes(_blob);
        _archive = Archive(random);
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(_archive);
        }

        _compressed = compressed.ToArray();
        _store = new LayerStore(Path.Combine(Documents.Directory, "store"));
    }

    [IterationSetup(Targets = [nameof(Unpack), nameof(UnpackCompressed)])]
    public void Forget()
    {
        foreach (string layer in _store!.List())
        {
            _store.RemoveLayer(layer);
        }
    }

    [Benchmark(Description = "digest of 16 MiB")]
    public Digest Digest() => Containerception.Oci.Digest.Of(_blob);

    [Benchmark(Description = "unpack a layer of 1000 files of 8 KiB")]
    public UnpackedLayer Unpack() => Unpack(_archive);

    [Benchmark(Description = "the same, with gzip")]
    public UnpackedLayer UnpackCompressed() => Unpack(_compressed);

    private UnpackedLayer Unpack(byte[] blob)
    {
        using MemoryStream stream = new(blob);
        return _store!.Unpack(stream, diffId: null, () => { }, isOurs: true);
    }

    /// <summary>Text that is about as compressible as programs are.</summary>
    private static byte[] Archive(Random random)
    {
        using MemoryStream bytes = new();
        using (TarWriter writer = new(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            for (int i = 0; i < Files; i++)
            {
                string directory = $"d{i / FilesOfDirectory}/";
                if (i % FilesOfDirectory == 0)
                {
                    writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, directory));
                }

                byte[] content = new byte[FileBytes];
                random.NextBytes(content.AsSpan(0, FileBytes / 3));
                using MemoryStream data = new(content);
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{directory}f{i}") { DataStream = data });
            }
        }

        return bytes.ToArray();
    }
}
