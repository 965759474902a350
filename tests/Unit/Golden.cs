using System.Reflection;

namespace Containerception.Unit.Tests;

/// <summary>Files of the folder Golden: what another program wrote, or what ours is to write.</summary>
internal static class Golden
{
    public static byte[] Bytes(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"no golden file {name}");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
