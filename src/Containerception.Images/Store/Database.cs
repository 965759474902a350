using System.Runtime.InteropServices;
using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images;

/// <summary>
/// cdock.db: what images and containers there are. Written ahead (WAL): readers and a writer do not wait for each other, and what a killed
/// process had not finished is not there. One connection serves one thread at a time.
/// </summary>
public sealed unsafe class Database : IDisposable
{
    internal const string FileName = "cdock.db";
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How long one waits for another's transaction; each is over within milliseconds.</summary>
    private const int BusyMilliseconds = 30_000;

    private readonly string _file;
    private readonly Lock _lock = new();
    private nint _database;
    private bool _inTransaction;

    private Database(string file) => _file = file;

    /// <summary>Opens the database of a directory, and makes both where there is none.</summary>
    /// <exception cref="DatabaseException">It is damaged, or of a later version.</exception>
    public static Database Open(string directory)
    {
        StateRoot.Make(directory);
        Database database = new(Path.Join(directory, FileName));
        try
        {
            database.Connect();
            database.Migrate(directory);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens one that nobody writes any more, perhaps where nothing can be written: without a lock, and without a look for changes.</summary>
    /// <param name="directory">A path without what means something in a URI.</param>
    /// <exception cref="DatabaseException">It is damaged, or of another version.</exception>
    internal static Database OpenUnchanging(string directory)
    {
        Database database = new($"file:{Path.Join(directory, FileName)}?immutable=1");
        try
        {
            database.Check(LibSqlite.sqlite3_open_v2(database._file, out database._database, LibSqlite.OpenReadOnly | LibSqlite.OpenUri | LibSqlite.OpenNoMutex, vfs: 0), "open");
            return database.Version() == Schema.Steps.Count ? database : throw new DatabaseException(
                "the images of the engine outside are described in another version than this cdock's", "use the cdock that the container was given");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Changes rows, and says how many. Values are for <c>?1</c>, <c>?2</c>, ….</summary>
    /// <exception cref="DatabaseException">The database is damaged, or the disk full.</exception>
    public int Execute(string sql, params ReadOnlySpan<DatabaseValue> values)
    {
        lock (_lock)
        {
            Play(sql, values, read: null);
            return LibSqlite.sqlite3_changes(_database);
        }
    }

    /// <summary>Asks for rows.</summary>
    /// <exception cref="DatabaseException">The database is damaged.</exception>
    public List<T> Query<T>(string sql, Func<DatabaseRow, T> read, params ReadOnlySpan<DatabaseValue> values)
    {
        List<T> rows = [];
        lock (_lock)
        {
            Play(sql, values, row => rows.Add(read(row)));
        }

        return rows;
    }

    /// <summary>All of the work, or nothing of it, with nobody else's between. In a transaction it is a part of that.</summary>
    /// <exception cref="DatabaseException">The database is damaged, or the disk full.</exception>
    public T Transact<T>(Func<T> work)
    {
        lock (_lock)
        {
            if (_inTransaction)
            {
                return work();
            }

            Execute("BEGIN IMMEDIATE");
            _inTransaction = true;
            try
            {
                T result = work();
                Execute("COMMIT");
                return result;
            }
            catch
            {
                TryRollBack();
                throw;
            }
            finally
            {
                _inTransaction = false;
            }
        }
    }

    /// <inheritdoc cref="Transact{T}"/>
    public void Transact(Action work) => Transact(() =>
    {
        work();
        return true;
    });

    public void Dispose()
    {
        if (_database != 0)
        {
            _ = LibSqlite.sqlite3_close_v2(_database);
            _database = 0;
        }
    }

    private void Connect()
    {
        KeepFromOthers();
        int result = LibSqlite.sqlite3_open_v2(_file, out _database, LibSqlite.OpenReadWrite | LibSqlite.OpenCreate | LibSqlite.OpenNoMutex, vfs: 0);
        Check(result, "open");
        Check(LibSqlite.sqlite3_busy_timeout(_database, BusyMilliseconds), "open");

        // Who comes when nobody else is there reads all of the log of changes: it must stay short.
        Execute("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 100");
    }

    // SQLite lets everybody read what it makes, and what it makes later gets this file's mode. It is made here only where there is none: to close a
    // file that is a database is to give up all locks on it.
    private void KeepFromOthers()
    {
        switch (FileStatuses.TryStatx(Descriptor.WorkingDirectory, _file, AtFlags.None)?.Permissions)
        {
            case null:
                Files.Open(_file, OpenFlags.O_RDWR | OpenFlags.O_CREAT, FileMode).Dispose();
                break;
            case { } mode when (mode & ~FileMode) != 0:
                Files.FchmodAt(Descriptor.WorkingDirectory, _file, mode & FileMode);
                break;
            default:
                break;
        }
    }

    private void Migrate(string directory)
    {
        if (Version() == Schema.Steps.Count)
        {
            return;
        }

        // Changing to WAL takes the file for itself alone, and does not wait for it: one at a time.
        using SafeFileHandle gate = Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        FileContents.Flock(gate);
        Execute("PRAGMA journal_mode = WAL");
        Transact(() =>
        {
            for (int version = (int)Version(); version < Schema.Steps.Count; version++)
            {
                Execute(Schema.Steps[version]);
                Execute($"PRAGMA user_version = {version + 1}");
            }
        });
    }

    private long Version()
    {
        long version = Query("PRAGMA user_version", row => row.Number(0))[0];
        return version >= 0 && version <= Schema.Steps.Count
            ? version
            : throw new DatabaseException($"the database {_file} is of version {version}, and this cdock knows up to {Schema.Steps.Count}", "a later cdock has written it: use that one");
    }

    /// <summary>Every statement of a text, one after the other; the values are the first one's.</summary>
    private void Play(string sql, ReadOnlySpan<DatabaseValue> values, Action<DatabaseRow>? read)
    {
        ObjectDisposedException.ThrowIf(_database == 0, this);
        byte[] text = Encoding.UTF8.GetBytes(sql + '\0');
        fixed (byte* start = text)
        {
            for (byte* at = start; *at != 0;)
            {
                Check(LibSqlite.sqlite3_prepare_v2(_database, at, bytes: -1, out nint statement, out at), sql);
                try
                {
                    Bind(statement, values, sql);
                    Step(statement, read, sql);
                }
                finally
                {
                    _ = LibSqlite.sqlite3_finalize(statement);
                }
            }
        }
    }

    private void Bind(nint statement, ReadOnlySpan<DatabaseValue> values, string sql)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i].Text is string value)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(value);

                // An empty array has no address, and no address is NULL.
                Check(LibSqlite.sqlite3_bind_text(statement, i + 1, bytes.Length > 0 ? bytes : [0], bytes.Length, LibSqlite.Transient), sql);
            }
            else if (values[i].Number is long number)
            {
                Check(LibSqlite.sqlite3_bind_int64(statement, i + 1, number), sql);
            }
        }
    }

    private void Step(nint statement, Action<DatabaseRow>? read, string sql)
    {
        // A comment alone is no statement.
        int result = statement == 0 ? LibSqlite.Done : LibSqlite.sqlite3_step(statement);
        while (result == LibSqlite.Row)
        {
            read?.Invoke(new DatabaseRow(statement));
            result = LibSqlite.sqlite3_step(statement);
        }

        Check(result == LibSqlite.Done ? LibSqlite.Ok : result, sql);
    }

    private void TryRollBack()
    {
        try
        {
            Execute("ROLLBACK");
        }
        catch (DatabaseException)
        {
            // A failed transaction has been rolled back by SQLite itself; the first failure is the one to be told.
        }
    }

    private void Check(int result, string sql)
    {
        if (result == LibSqlite.Ok)
        {
            return;
        }

        byte* words = _database == 0 ? LibSqlite.sqlite3_errstr(result) : LibSqlite.sqlite3_errmsg(_database);
        string message = Marshal.PtrToStringUTF8((nint)words) ?? "";
        throw (result & 0xFF) switch
        {
            LibSqlite.Corrupt or LibSqlite.NotADatabase => new DatabaseException(
                $"the database {_file} is damaged: {message}", $"move {_file}, {FileName}-wal and {FileName}-shm away: images can be pulled again, volumes stay where they are"),
            LibSqlite.Busy => new DatabaseException($"the database {_file} is in use: another cdock has kept it for {BusyMilliseconds / 1000} s", "see who: fuser -v " + _file),
            LibSqlite.Full => new DatabaseException($"the database {_file} cannot be written: the disk is full", "cdock system prune, or give it room"),
            LibSqlite.CannotOpen => new DatabaseException($"the database {_file} cannot be opened: {message}", "is its directory there, and yours?"),
            _ => new DatabaseException($"the database {_file}: {message} ({sql.Split('\n')[0]})"),
        };
    }
}
