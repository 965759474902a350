namespace Containerception.Oci;

/// <summary>A container's name, safe as a file name: letters, digits and <c>_ + - .</c>, as runc has it.</summary>
public readonly record struct ContainerId
{
    /// <summary>The longest id that is taken.</summary>
    public const int LengthMax = 1024;

    private readonly string? _value;

    private ContainerId(string value) => _value = value;

    /// <summary>The id as it was given.</summary>
    /// <exception cref="ConfigException">"invalid container ID format".</exception>
    public static ContainerId Parse(string id)
        => TryParse(id, out ContainerId result) ? result : throw new ConfigException("", "invalid container ID format");

    public static bool TryParse(string? id, out ContainerId result)
    {
        bool good = id is { Length: > 0 and <= LengthMax } and not ("." or "..") && HasOnlyFileNameLetters(id);
        result = good ? new ContainerId(id!) : default;
        return good;
    }

    public override string ToString() => _value ?? "";

    private static bool HasOnlyFileNameLetters(string id)
    {
        foreach (char letter in id)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '+' or '-' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
