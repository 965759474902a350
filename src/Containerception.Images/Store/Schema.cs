namespace Containerception.Images;

/// <summary>
/// The tables of cdock.db, as steps from each version to the next: what one release has written the next reads. A step that was released is
/// never changed; another is put behind it.
/// </summary>
internal static class Schema
{
    private const string Images = """
        CREATE TABLE images (
            id TEXT PRIMARY KEY,           -- the digest of its configuration
            manifest TEXT NOT NULL,
            created INTEGER NOT NULL,      -- by its builder: Unix seconds
            size INTEGER NOT NULL          -- bytes of its files
        ) STRICT;
        CREATE TABLE names (
            name TEXT PRIMARY KEY,         -- registry/repository:tag or registry/repository@digest
            id TEXT NOT NULL REFERENCES images,
            manifest TEXT NOT NULL,
            target TEXT NOT NULL           -- what the registry has by that name: the manifest, or an index that leads to it
        ) STRICT;
        CREATE INDEX names_id ON names (id);
        CREATE TABLE layers (
            diff_id TEXT PRIMARY KEY,
            size INTEGER NOT NULL
        ) STRICT;
        """;

    private const string Volumes = """
        CREATE TABLE volumes (
            name TEXT PRIMARY KEY,         -- and the name of its directory
            created INTEGER NOT NULL,      -- Unix seconds
            anonymous INTEGER NOT NULL,    -- 1: nobody gave it a name
            labels TEXT NOT NULL           -- JSON
        ) STRICT;
        CREATE TABLE volume_uses (
            volume TEXT NOT NULL,
            container TEXT NOT NULL,       -- counts while its directory is there
            PRIMARY KEY (volume, container)
        ) STRICT, WITHOUT ROWID;
        """;

    private const string Containers = """
        CREATE TABLE containers (
            id TEXT PRIMARY KEY,           -- 64 hexadecimal digits, and the name of its directory
            name TEXT NOT NULL UNIQUE,
            image TEXT NOT NULL,           -- what it started on, as it was asked for
            created INTEGER NOT NULL,      -- ticks of 100 ns since the year 1
            runtime TEXT NOT NULL,         -- the path of the OCI runtime
            auto_remove INTEGER NOT NULL,
            restart TEXT NOT NULL,         -- no, always, unless-stopped, on-failure[:N]
            definition TEXT NOT NULL,      -- JSON
            whole INTEGER NOT NULL         -- 0: of whom dies before it is started nothing is kept
        ) STRICT;
        """;

    public static IReadOnlyList<string> Steps { get; } = [Images, Volumes, Containers];
}
