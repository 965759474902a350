namespace Containerception.Clients.Tests;

/// <summary>The root file system of an image with cdock in it: that of <see cref="BusyboxImage"/>, which the session has at /tmp/box.tar, and what the programs are linked with.</summary>
internal static class EngineImage
{
    public const string Name = "engine";

    /// <summary>In a container of it: makes the image <c>box</c> known to cdock, and a container of each kind.</summary>
    public const string Use = """
        cdock import /box.tar box >/dev/null
        cdock run --rm --network none box sh -c 'echo none $(id -u)'
        cdock run --rm box sh -c 'echo bridge $(cat /sys/class/net/eth0/operstate)'
        cdock run -d --name web -p 8080:80 box httpd -f -p 80 -h /etc >/dev/null
        until wget -q -O - http://127.0.0.1:8080/passwd | head -1; do sleep 0.1; done
        cdock exec web sh -c 'echo exec $(id -u)'
        cdock rm -f web
        cdock ps -aq
        """;

    public const string UseSays = "none 0\nbridge up\nroot:x:0:0:root:/root:/bin/sh\nexec 0\nweb";

    // .NET takes OpenSSL's libraries by name when it needs them: ldd tells only what these need in turn.
    private const string Script = """
        set -e
        root=$(mktemp -d)
        tar -C $root -xf /tmp/box.tar
        mkdir -p $root/usr/local/bin $root/var/lib
        cp /usr/local/bin/cdock /usr/local/bin/ception $root/usr/local/bin
        openssl=$(echo /usr/lib/*/libssl.so.3)
        for library in $openssl $(ldd /usr/local/bin/cdock $openssl | grep -o '/[^ :]*'); do
          test $library = /usr/local/bin/cdock || install -D $library $root$library
        done
        cp /tmp/box.tar $root/box.tar
        tar -C $root -cf /tmp/engine.tar .
        """;

    /// <summary>Makes it known to podman or docker; /box.tar in it is an image for cdock.</summary>
    public static void Import(Session session, string client)
    {
        if (session.Run("test", "-e", "/tmp/engine.tar").Status != 0)
        {
            session.Shell(Script).Succeeded();
            session.Run(client, "import", "/tmp/engine.tar", Name).Succeeded();
        }
    }
}
