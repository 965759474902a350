using System.Text.Json;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Oci;

/// <summary>
/// JSON text as a document that two parsers cannot read differently: one value, no comments, no trailing commas, no duplicate names.
/// </summary>
/// <remarks>
/// A fresh process reads exactly one document, so what counts is what the first call costs. In a static NativeAOT program, with the
/// default config: 0.4 ms by way of JsonDocument, 4 to 6 ms by source-generated deserialization, whose metadata is built anew each time.
/// </remarks>
internal static class ConfigDocument
{
    /// <summary>The longest document that is read: the largest real ones (seccomp with every call) are under 200 KiB.</summary>
    public const int LengthMax = 4 << 20;

    /// <summary>The specification's deepest field is at 8.</summary>
    public const int DepthMax = 32;

    public static T Read<T>(ReadOnlyMemory<byte> json, string name, Func<ConfigNode, T> read)
    {
        if (json.Length > LengthMax)
        {
            throw new ConfigException(name, $"is longer than {LengthMax} bytes");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false, MaxDepth = DepthMax });
            return read(ConfigNode.Document(name, document.RootElement, json));
        }
        catch (JsonException e) when (e.LineNumber is null)
        {
            // The one thing that is found after the text was read.
            throw new ConfigException(name, "has an object with the same name twice");
        }
        catch (JsonException e)
        {
            throw new ConfigException(name, $"is not JSON that can be read, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
    }

    public static T ReadFile<T>(string path, string name, Func<ConfigNode, T> read) => Read<T>(ReadText(path), name, read);

    public static byte[] ReadText(string path)
    {
        using SafeFileHandle file = Files.Open(path, OpenFlags.O_RDONLY);
        return FileContents.ReadAll(file, LengthMax);
    }
}
