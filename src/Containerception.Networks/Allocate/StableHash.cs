using System.Text;

namespace Containerception.Networks;

/// <summary>
/// Names that are the same each time, made of longer ones: FNV-1a. The first cryptographic hash of a process loads OpenSSL, which takes
/// milliseconds of each start, and here nobody has a secret.
/// </summary>
public static class StableHash
{
    private const uint Basis = 2_166_136_261;
    private const uint Prime = 16_777_619;

    /// <summary>32 bits of a text.</summary>
    public static uint Of(string text)
        => Encoding.UTF8.GetBytes(text).Aggregate(Basis, static (hash, letter) => unchecked((hash ^ letter) * Prime));
}
