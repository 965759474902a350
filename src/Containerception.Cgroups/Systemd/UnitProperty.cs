namespace Containerception.Cgroups;

/// <summary>A property of a systemd unit, such as <c>MemoryMax</c>: systemd.resource-control(5), and org.freedesktop.systemd1(5) for the types.</summary>
public sealed class UnitProperty
{
    private const string AnnotationPrefix = "org.systemd.property.";
    private const string Seconds = "Sec";
    private const double MicrosecondsPerSecond = 1_000_000;
    private const int NameLengthMin = 3;

    internal UnitProperty(string name, DBusValue value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>As systemd spells it.</summary>
    public string Name { get; }

    internal DBusValue Value { get; }

    /// <summary>
    /// What the annotations <c>org.systemd.property.NAME</c> ask for, in GVariant's text format. A name in <c>Sec</c> takes seconds and becomes
    /// the bus's <c>USec</c>, as runc has it.
    /// </summary>
    /// <exception cref="CgroupException">A name or a value is none; it is named.</exception>
    public static List<UnitProperty> FromAnnotations(IReadOnlyDictionary<string, string> annotations)
    {
        List<UnitProperty> properties = [];
        foreach ((string key, string text) in annotations)
        {
            if (!key.StartsWith(AnnotationPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            string name = key[AnnotationPrefix.Length..];
            if (name.Length < NameLengthMin || !name.All(char.IsAsciiLetter))
            {
                throw new CgroupException($"annotations[\"{key}\"]: \"{name}\" is not the name of a systemd property");
            }

            DBusValue value = PropertyText.Parse(text) ?? throw new CgroupException(
                $"annotations[\"{key}\"]: \"{text}\" is not a value", "text stands in quotation marks: 'text'; numbers and lists: uint64 5, true, ['a', 'b']");
            properties.Add(IsInSeconds(name) ? ToMicroseconds(key, name, value) : new(name, value));
        }

        return properties;
    }

    /// <summary>For messages.</summary>
    public override string ToString() => $"{Name}={Describe(Value)}";

    // TimeoutStopSec, but not a name that happens to end so in capitals.
    private static bool IsInSeconds(string name)
        => name.Length > Seconds.Length && name.EndsWith(Seconds, StringComparison.Ordinal) && char.IsAsciiLetterLower(name[^(Seconds.Length + 1)]);

    private static UnitProperty ToMicroseconds(string key, string name, DBusValue value)
    {
        double seconds = value.Signature switch
        {
            "d" when (double)value.Content >= 0 => (double)value.Content,
            "y" or "n" or "q" or "i" or "u" or "x" or "t" when (long)value.Number >= 0 => value.Number,
            _ => throw new CgroupException($"annotations[\"{key}\"]: {Describe(value)} is not a number of seconds"),
        };
        return new($"{name[..^Seconds.Length]}USec", (ulong)(seconds * MicrosecondsPerSecond));
    }

    private static string Describe(DBusValue value) => value.Content switch
    {
        IReadOnlyList<DBusValue> items => $"[{string.Join(", ", items.Select(Describe))}]",
        bool flag => flag ? "true" : "false",
        var content => FormattableString.Invariant($"{content}"),
    };
}
