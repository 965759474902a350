using System.Text.RegularExpressions;

namespace Containerception.Engine.Tests;

/// <summary>An archive of a small root file system in which cdock runs: busybox, glibc, and the libraries of OpenSSL.</summary>
public sealed partial class NestRoot : IDisposable
{
    /// <summary>In a container that has the archive at /root.tar: makes the image <c>base</c> of it.</summary>
    public const string Import = "cdock import /root.tar base >/dev/null; ";

    /// <summary>What one does with containers of <c>base</c> every day.</summary>
    public const string Use = """
        cdock run --rm --network none base sh -c 'echo none $(id -u)'
        cdock run -d --name web -p 8080:80 base httpd -f -p 80 -h /etc >/dev/null
        cdock ps --format '{{.Names}} {{.Ports}}'
        wget -q -O - http://127.0.0.1:8080/passwd | head -1
        cdock exec web sh -c 'echo exec $(id -u)'
        cdock run --rm --network container:web base wget -q -O - http://127.0.0.1/passwd | head -1
        cdock stop -t 0 web; cdock logs web; cdock rm web
        cdock run --rm base sh -c 'echo said; exit 7'; echo $?
        """;

    /// <summary>What that says.</summary>
    public const string UseSays =
        "none 0\nweb 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp\nroot:x:0:0::/:/bin/sh\nexec 0\nroot:x:0:0::/:/bin/sh\nweb\nweb\nsaid\n7";

    private static readonly string[] Applets =
        ["sh", "cat", "cut", "echo", "grep", "head", "hostname", "httpd", "id", "ip", "ls", "mkdir", "mknod", "mount", "nsenter", "sleep", "stat", "touch", "tr", "true", "umount", "wc", "wget"];

    private readonly string _directory = Path.Join(Path.GetTempPath(), $"cdock-nest-{Guid.NewGuid():N}");

    public NestRoot()
    {
        Needs.Root();
        Needs.PathTo("/usr/bin/busybox");
        string root = Path.Join(_directory, "root");
        foreach (string name in new[] { "bin", "etc", "proc", "sys", "dev", "tmp", "run", "var/lib", "usr/local/bin" })
        {
            Directory.CreateDirectory(Path.Join(root, name));
        }

        File.Copy("/usr/bin/busybox", Path.Join(root, "bin/busybox"));
        Array.ForEach(Applets, applet => File.CreateSymbolicLink(Path.Join(root, "bin", applet), "busybox"));
        File.WriteAllText(Path.Join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nann:x:1234:1235::/:/bin/sh\n");

        // Takes 90 MB. Of a variable, since files of a tmpfs stay when their writer dies.
        Program(Path.Join(root, "bin/hog"), "x=$(head -c 90m /dev/zero | tr '\\0' a); echo survived");

        // down LEVEL LAST COMMAND: goes down a level at a time, and runs the command in the last.
        Program(Path.Join(root, "bin/down"), """
            level=$1; last=$2; shift 2
            echo level $level $(grep -c . /proc/self/uid_map) $(head -1 /proc/self/cgroup | cut -d: -f3)
            cdock import /root.tar base >/dev/null || exit
            [ $level -lt $last ] || exec "$@"
            exec cdock run --rm --nest --network ${NETWORK:-none} -e NETWORK -v /root.tar:/root.tar:ro base down $((level+1)) $last "$@"
            """);

        // .NET takes OpenSSL's by name when it needs them: ldd tells only what these need in turn.
        foreach (string library in Libraries($"ldd {Cdock.Program}; set -- /lib/*/libssl.so.3 /usr/lib/*/libssl.so.3; echo $1; ldd $1"))
        {
            Directory.CreateDirectory(Path.Join(root, Path.GetDirectoryName(library)));
            File.Copy(library, Path.Join(root, library));
        }

        Command.Run("tar", "--owner=0", "--group=0", "-C", root, "-cf", Archive, ".").Succeeded();
    }

    public string Archive => Path.Join(_directory, "root.tar");

    private static void Program(string path, string script)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
    }

    private static string[] Libraries(string script)
        => [.. AbsolutePath().Matches(Command.Run("sh", "-c", script).Output).Select(match => match.Value).Where(File.Exists).Distinct()];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [GeneratedRegex(@"(?<=^|\s)/[^\s]+", RegexOptions.Multiline)]
    private static partial Regex AbsolutePath();
}
