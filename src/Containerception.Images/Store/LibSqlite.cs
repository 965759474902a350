using System.Runtime.InteropServices;

namespace Containerception.Images;

// The imports stand here and not in Containerception.Linux because this is no kernel call: SQLite is a library that only we use.

/// <summary>The dozen functions of sqlite3.h that a database of a few tables takes.</summary>
internal static unsafe partial class LibSqlite
{
    public const int Ok = 0;
    public const int Busy = 5;
    public const int Corrupt = 11;
    public const int Full = 13;
    public const int CannotOpen = 14;
    public const int NotADatabase = 26;
    public const int Row = 100;
    public const int Done = 101;

    public const int TypeNull = 5;

    public const int OpenReadOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 4;
    public const int OpenUri = 0x40;

    /// <summary>Our own lock guards a connection.</summary>
    public const int OpenNoMutex = 0x8000;

    /// <summary>SQLite is to make a copy of what is bound: SQLITE_TRANSIENT.</summary>
    public const nint Transient = -1;

    [LibraryImport("libsqlite3", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sqlite3_open_v2(string file, out nint database, int flags, nint vfs);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_close_v2(nint database);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_busy_timeout(nint database, int milliseconds);

    [LibraryImport("libsqlite3")]
    public static partial byte* sqlite3_errmsg(nint database);

    [LibraryImport("libsqlite3")]
    public static partial byte* sqlite3_errstr(int code);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_changes(nint database);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_prepare_v2(nint database, byte* sql, int bytes, out nint statement, out byte* rest);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_bind_int64(nint statement, int index, long value);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_bind_text(nint statement, int index, ReadOnlySpan<byte> text, int bytes, nint destructor);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_step(nint statement);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_finalize(nint statement);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_column_type(nint statement, int column);

    [LibraryImport("libsqlite3")]
    public static partial long sqlite3_column_int64(nint statement, int column);

    [LibraryImport("libsqlite3")]
    public static partial byte* sqlite3_column_text(nint statement, int column);

    [LibraryImport("libsqlite3")]
    public static partial int sqlite3_column_bytes(nint statement, int column);
}
