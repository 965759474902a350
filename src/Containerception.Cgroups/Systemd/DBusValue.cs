namespace Containerception.Cgroups;

/// <summary>A value with its D-Bus type. dbus-specification, "Type System".</summary>
/// <param name="Signature">One complete type: <c>s</c>, <c>au</c>, <c>(sv)</c>.</param>
/// <param name="Content">
/// A <see cref="string"/> (s, o, g), <see cref="bool"/> (b), <see cref="double"/> (d); a <see cref="ulong"/> for all whole numbers, two's
/// complement below zero; a list of values for arrays and structures; the value itself of a variant.
/// </param>
internal sealed record DBusValue(string Signature, object Content)
{
    public string Text => (string)Content;

    public ulong Number => (ulong)Content;

    public IReadOnlyList<DBusValue> Items => (IReadOnlyList<DBusValue>)Content;

    public DBusValue Inner => (DBusValue)Content;

    public static implicit operator DBusValue(string text) => new("s", text);

    public static implicit operator DBusValue(bool value) => new("b", value);

    public static implicit operator DBusValue(uint value) => new("u", (ulong)value);

    public static implicit operator DBusValue(ulong value) => new("t", value);

    public static DBusValue Array(string element, params IReadOnlyList<DBusValue> items) => new("a" + element, items);

    public static DBusValue Struct(params IReadOnlyList<DBusValue> items) => new($"({string.Concat(items.Select(item => item.Signature))})", items);

    public static DBusValue Variant(DBusValue value) => new("v", value);

    /// <summary>Bytes to which a value of this type is aligned.</summary>
    public static int Alignment(char type) => type switch
    {
        'n' or 'q' => 2,
        'b' or 'i' or 'u' or 'h' or 'a' or 's' or 'o' => 4,
        'x' or 't' or 'd' or '(' or '{' => 8,
        _ => 1,
    };
}
