namespace Containerception.Clients.Tests;

/// <summary>dockerd of Debian sid with the runtime under test as its default, docker's command line, and an image of busybox.</summary>
public class Docker : IDisposable
{
    public const string Image = "box";

    /// <summary>The runtime that docker comes with, whichever is under test.</summary>
    public const string Own = "own";

    public Docker()
        : this(flags: [])
    {
    }

    private protected Docker(params string[] flags)
    {
        Session = new Session("docker");
        Directory.CreateDirectory(Session.PathOf("/etc/docker"));
        File.WriteAllText(Session.PathOf("/etc/docker/daemon.json"), $$"""
            {
              "runtimes": {
                "ception": {"path": "/usr/local/bin/ception"},
                "crun": {"path": "/usr/bin/crun"},
                "{{Own}}": {"path": "/usr/bin/runc"}
              },
              "default-runtime": "{{Session.Runtime}}"
            }
            """);

        // BuildKit executes the first runc of the PATH, whatever the default runtime is.
        Session.Shell($"test {Session.Runtime} = runc || ln -s $(command -v {Session.Runtime}) /usr/local/bin/runc").Succeeded();

        // A network of its own lets users of no privilege into the directory of its namespaces.
        Session.Shell($"chmod 755 /run; setsid dockerd {string.Join(' ', flags)} </dev/null >/var/log/dockerd.log 2>&1 &").Succeeded();
        Session.Until(() => Do("version").Status == 0, "dockerd answers");
        BusyboxImage.Write(Session.PathOf("/tmp/box.tar"));
        Says("import", "/tmp/box.tar", Image);
    }

    internal Session Session { get; }

    internal Outcome Do(params IEnumerable<string> words) => Session.Run(["docker", .. words]);

    internal Command Start(params IEnumerable<string> words) => Session.Start(["docker", .. words]);

    /// <summary>What it says where it has to succeed.</summary>
    internal string Says(params IEnumerable<string> words) => Do(words).Succeeded();

    public void Dispose()
    {
        Session.Dispose();
        GC.SuppressFinalize(this);
    }
}
