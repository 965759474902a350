namespace Containerception.Images;

/// <summary>What is put into a table: a text, a number, or nothing.</summary>
public readonly struct DatabaseValue
{
    private DatabaseValue(string? text, long? number) => (Text, Number) = (text, number);

    internal string? Text { get; }

    internal long? Number { get; }

    public static implicit operator DatabaseValue(string? text) => new(text, number: null);

    public static implicit operator DatabaseValue(long number) => new(text: null, number);

    public static implicit operator DatabaseValue(long? number) => new(text: null, number);

    public static implicit operator DatabaseValue(bool value) => new(text: null, value ? 1 : 0);
}

/// <summary>One row of an answer, while it is read. Columns count from 0.</summary>
public readonly ref struct DatabaseRow
{
    private readonly nint _statement;

    internal DatabaseRow(nint statement) => _statement = statement;

    public bool IsNull(int column) => LibSqlite.sqlite3_column_type(_statement, column) == LibSqlite.TypeNull;

    public long Number(int column) => LibSqlite.sqlite3_column_int64(_statement, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    public bool Flag(int column) => Number(column) != 0;

    public string Text(int column) => TextOrNull(column) ?? "";

    public unsafe string? TextOrNull(int column)
    {
        byte* text = LibSqlite.sqlite3_column_text(_statement, column);
        return text is null ? null : System.Text.Encoding.UTF8.GetString(text, LibSqlite.sqlite3_column_bytes(_statement, column));
    }
}
