namespace Containerception.Engine;

/// <summary>Finds in what is typed the keys by which one leaves a container running.</summary>
internal sealed class DetachKeys
{
    private readonly byte[] _keys;
    private int _matched;

    private DetachKeys(byte[] keys) => _keys = keys;

    /// <summary>Reads <c>ctrl-p,ctrl-q</c>: letters, and <c>ctrl-</c> with one of <c>a-z@[\]^_</c>. Empty is none.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static DetachKeys Parse(string text) => new([.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(key => Key(key, text))]);

    /// <summary>Takes what was typed; what belongs to the program is returned.</summary>
    /// <param name="typed">The bytes that were read.</param>
    /// <param name="isFound">All keys were typed.</param>
    public byte[] Filter(ReadOnlySpan<byte> typed, out bool isFound)
    {
        isFound = false;
        List<byte> passed = new(typed.Length + _keys.Length);
        foreach (byte one in typed)
        {
            if (_keys.Length > 0 && one == _keys[_matched])
            {
                isFound = ++_matched == _keys.Length;
                if (isFound)
                {
                    break;
                }
            }
            else
            {
                // What looked like the beginning of the keys was meant for the program.
                passed.AddRange(_keys.AsSpan(0, _matched));
                _matched = _keys.Length > 0 && one == _keys[0] ? 1 : 0;
                if (_matched == 0)
                {
                    passed.Add(one);
                }
            }
        }

        return [.. passed];
    }

    private static byte Key(string key, string text)
    {
        const string Control = "ctrl-";
        bool isControl = key.StartsWith(Control, StringComparison.OrdinalIgnoreCase) && key.Length == Control.Length + 1;
        char letter = char.ToLowerInvariant(key[^1]);
        return isControl && letter is (>= 'a' and <= 'z') or '@' or '[' or '\\' or ']' or '^' or '_' ? (byte)(char.ToUpperInvariant(letter) - '@')
            : key.Length == 1 && key[0] < 0x80 ? (byte)key[0]
            : throw EngineException.Invalid($"--detach-keys {text}: unknown key \"{key}\"", "use a letter, or ctrl- and a letter: ctrl-p,ctrl-q");
    }
}
