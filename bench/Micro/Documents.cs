namespace Containerception.Micro;

/// <summary>Where the documents are that are measured with: BenchmarkDotNet makes its own instances of the benchmarks, without arguments.</summary>
internal static class Documents
{
    public static string Directory { get; set; } = "";

    /// <summary>What cdock writes for a container of the machine's own programs.</summary>
    public static byte[] Config => File.ReadAllBytes(Path.Combine(Directory, "config.json"));
}
