namespace Containerception.Images.Tests;

/// <summary>cdock.db: one file, many processes, any of which may die.</summary>
public sealed class DatabaseTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("database-").FullName;

    private string DatabaseFile => Path.Join(_root, "cdock.db");

    [Fact]
    public void What_is_written_is_read_again()
    {
        using (Database database = Database.Open(_root))
        {
            database.Execute("CREATE TABLE t (a TEXT, b INTEGER) STRICT");
            Assert.Equal(1, database.Execute("INSERT INTO t VALUES (?1, ?2)", "", long.MinValue));
            database.Execute("INSERT INTO t VALUES (?1, ?2)", "o'neil — ü", (long?)null);
        }

        using Database again = Database.Open(_root);
        Assert.Equal(
            [("", long.MinValue), ("o'neil — ü", null)],
            again.Query("SELECT a, b FROM t ORDER BY a", row => (row.Text(0), row.NumberOrNull(1))));
    }

    [Fact]
    public void A_transaction_that_fails_leaves_nothing()
    {
        using Database database = Database.Open(_root);
        database.Execute("CREATE TABLE t (a INTEGER) STRICT");
        Assert.Throws<FormatException>(() => database.Transact(() =>
        {
            database.Execute("INSERT INTO t VALUES (1)");
            throw new FormatException();
        }));
        database.Transact(() => database.Execute("INSERT INTO t VALUES (2)"));
        Assert.Equal([2L], database.Query("SELECT a FROM t", row => row.Number(0)));
    }

    [Fact]
    public void Many_make_it_at_once()
    {
        Parallel.For(0, 16, i =>
        {
            using Database database = Database.Open(_root);
            database.Execute("INSERT INTO layers VALUES (?1, ?2)", $"sha256:{i:x64}", i);
        });
        using Database database = Database.Open(_root);
        Assert.Equal(16, database.Query("SELECT count(*) FROM layers", row => row.Number(0))[0]);
        Assert.Equal("wal", database.Query("PRAGMA journal_mode", row => row.Text(0))[0]);
    }

    [Fact]
    public void Tables_are_strict()
    {
        using Database database = Database.Open(_root);
        DatabaseException failure = Assert.Throws<DatabaseException>(() => database.Execute("INSERT INTO layers VALUES ('a', 'no number')"));
        Assert.Contains("cannot store TEXT value in INTEGER column", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void A_damaged_file_is_named_with_a_remedy(int from)
    {
        using (Database database = Database.Open(_root))
        {
            database.Execute("INSERT INTO layers VALUES ('a', 1)");
        }

        using (FileStream file = File.OpenWrite(DatabaseFile))
        {
            file.Position = from;
            file.Write([.. Enumerable.Repeat((byte)0x5A, 4096)]);
        }

        DatabaseException failure = Assert.Throws<DatabaseException>(() =>
        {
            using Database database = Database.Open(_root);
            database.Query("SELECT * FROM layers", row => row.Number(1));
        });
        Assert.StartsWith($"the database {DatabaseFile} is damaged: ", failure.Message, StringComparison.Ordinal);
        Assert.StartsWith($"move {DatabaseFile}, cdock.db-wal and cdock.db-shm away", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_version_is_not_touched()
    {
        using (Database database = Database.Open(_root))
        {
            database.Execute("PRAGMA user_version = 1000");
        }

        DatabaseException failure = Assert.Throws<DatabaseException>(() => Database.Open(_root));
        Assert.Contains($"{DatabaseFile} is of version 1000", failure.Message, StringComparison.Ordinal);
        Assert.Equal("a later cdock has written it: use that one", failure.Hint);
    }

    [Fact]
    public void A_directory_in_its_place_is_told()
    {
        Directory.CreateDirectory(DatabaseFile);
        Assert.Contains($"{DatabaseFile} cannot be opened", Assert.Throws<DatabaseException>(() => Database.Open(_root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_dies_in_a_transaction_leaves_nothing_of_it()
    {
        Needs.Program("sqlite3");
        using Database database = Database.Open(_root);
        using Command other = new(["sqlite3", DatabaseFile], input: "BEGIN IMMEDIATE; INSERT INTO layers VALUES ('b', 2);\n.shell kill -9 $PPID\n");
        other.Wait();
        Assert.Empty(database.Query("SELECT * FROM layers", row => row.Number(1)));
        Assert.Equal(1, database.Execute("INSERT INTO layers VALUES ('c', 3)"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
