namespace Containerception.Images;

/// <summary>What a registry wants: one challenge of a WWW-Authenticate header. RFC 9110, section 11.</summary>
internal sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Reads <c>Bearer realm="https://…",service="…",scope="…"</c>; null when it makes no sense.</summary>
    public static Challenge? Parse(string header)
    {
        int space = header.IndexOf(' ', StringComparison.Ordinal);
        string scheme = space < 0 ? header : header[..space];
        Dictionary<string, string> parameters = new(StringComparer.OrdinalIgnoreCase);
        ReadOnlySpan<char> rest = space < 0 ? "" : header.AsSpan(space + 1);
        while (!(rest = rest.TrimStart(" ,")).IsEmpty)
        {
            int equals = rest.IndexOf('=');
            if (equals <= 0)
            {
                return null;
            }

            string name = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..].TrimStart();
            if (rest.IsEmpty || rest[0] != '"')
            {
                int end = rest.IndexOf(',') is >= 0 and int comma ? comma : rest.Length;
                parameters[name] = rest[..end].Trim().ToString();
                rest = rest[end..];
                continue;
            }

            // No value of a registry has an escaped quotation mark: URLs, names, scopes.
            int close = rest[1..].IndexOf('"');
            if (close < 0)
            {
                return null;
            }

            parameters[name] = rest[1..(close + 1)].ToString();
            rest = rest[(close + 2)..];
        }

        return new Challenge(scheme, parameters);
    }
}
