using System.Text;

namespace Containerception.Runtime;

/// <summary>Options as fsconfig(2) takes them: mount(2) had a page for all of them, it has 255 bytes for each.</summary>
internal static class FileSystemOptions
{
    private const int ValueBytesMax = 255;

    public static List<(string Key, string? Value)> ForKernel(string type, string target, IReadOnlyList<(string Key, string? Value)> data)
    {
        List<(string Key, string? Value)> result = new(data.Count + 1);
        foreach ((string key, string? value) in data)
        {
            if (value is null || Encoding.UTF8.GetByteCount(value) <= ValueBytesMax)
            {
                result.Add((key, value));
            }
            else if (type == "overlay" && key == "lowerdir")
            {
                AddLayers(result, value);
            }
            else
            {
                throw new ContainerException(
                    FailureKind.Invalid, $"mount {target}: the value of {key} has more than {ValueBytesMax} bytes, which fsconfig(2) does not take", "use shorter paths: links to the directories will do");
            }
        }

        return result;
    }

    /// <summary>Each layer by itself, since Linux 6.8: layers end with a colon, those of data alone begin with one more; a backslash makes any letter plain.</summary>
    private static void AddLayers(List<(string Key, string? Value)> result, string value)
    {
        StringBuilder layer = new();
        string key = "lowerdir+";
        for (int i = 0; i <= value.Length; i++)
        {
            if (i < value.Length && value[i] != ':')
            {
                i += value[i] == '\\' && i + 1 < value.Length ? 1 : 0;
                layer.Append(value[i]);
                continue;
            }

            if (layer.Length > 0)
            {
                result.Add((key, layer.ToString()));
                key = "lowerdir+";
                layer.Clear();
            }
            else
            {
                key = "datadir+";
            }
        }
    }
}
