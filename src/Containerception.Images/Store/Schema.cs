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

    private const string Networks = """
        CREATE TABLE networks (
            id TEXT PRIMARY KEY,           -- 64 hexadecimal digits
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL,      -- ticks of 100 ns since the year 1
            definition TEXT NOT NULL       -- JSON
        ) STRICT;
        CREATE TABLE endpoints (
            network TEXT NOT NULL REFERENCES networks,
            container TEXT NOT NULL,
            address4 TEXT,
            address6 TEXT,
            active INTEGER NOT NULL,       -- 1: the container runs, and is found by its names
            definition TEXT NOT NULL,      -- JSON
            PRIMARY KEY (network, container),
            UNIQUE (network, address4),    -- no address is given twice
            UNIQUE (network, address6)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX endpoints_container ON endpoints (container);
        CREATE TABLE ports (
            container TEXT NOT NULL,
            protocol INTEGER NOT NULL,     -- of IP: 6, 17, 132
            host_address TEXT NOT NULL,
            host_port INTEGER NOT NULL,
            address TEXT NOT NULL,         -- the container's
            port INTEGER NOT NULL,
            PRIMARY KEY (protocol, host_address, host_port)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ports_container ON ports (container);
        """;

    private const string VolumeOptions = "ALTER TABLE volumes ADD COLUMN options TEXT NOT NULL DEFAULT '{}'; -- JSON";

    // Every command asks for this much of all containers; their definitions are pages of JSON.
    private const string ContainersWhole = "CREATE INDEX containers_whole ON containers (id, whole);";

    public static IReadOnlyList<string> Steps { get; } = [Images, Volumes, Containers, Networks, VolumeOptions, ContainersWhole];
}
