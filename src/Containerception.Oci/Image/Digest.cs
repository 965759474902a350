using System.Buffers;
using System.Security.Cryptography;

namespace Containerception.Oci;

/// <summary>The name of content by its own bytes: <c>sha256:</c> and 64 hexadecimal digits. image-spec, descriptor.md, "Digests".</summary>
public readonly record struct Digest
{
    private const string Sha256 = "sha256";
    private const string Sha512 = "sha512";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _text;

    private Digest(string text) => _text = text;

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm => _text[.._text.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>The digits: safe as a file's name.</summary>
    public string Hex => _text[(_text.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>The digest of these bytes.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => new($"{Sha256}:{Convert.ToHexStringLower(SHA256.HashData(content))}");

    /// <summary>The digest that an incremental sha256 has come to.</summary>
    public static Digest OfSha256(ReadOnlySpan<byte> hash) => new($"{Sha256}:{Convert.ToHexStringLower(hash)}");

    /// <summary>A hash of the kind that this digest is of.</summary>
    public IncrementalHash NewHash() => IncrementalHash.CreateHash(Algorithm == Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512);

    /// <summary>Whether a finished hash is this digest's.</summary>
    public bool Matches(ReadOnlySpan<byte> hash) => Hex.Equals(Convert.ToHexStringLower(hash), StringComparison.Ordinal);

    /// <summary>Reads a digest; anything but lower-case digits of the right length is none: it becomes a file's name.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.IndexOf(':', StringComparison.Ordinal) is not (> 0 and int colon))
        {
            return false;
        }

        int length = text[..colon] switch
        {
            Sha256 => 64,
            Sha512 => 128,
            _ => 0,
        };
        ReadOnlySpan<char> hex = text.AsSpan(colon + 1);
        if (length == 0 || hex.Length != length || hex.ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        digest = new Digest(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;
}
