using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>A whole Debian: a minbase by mmdebstrap, packages that are installed in containers of it, and the way to a registry and back.</summary>
[Trait("category", "long")]
public sealed class DebianTests : IDisposable
{
    private static readonly Lazy<string> Cache = new(() =>
    {
        using Command command = new([Path.Join(Repository.Root, "tests/Images/minbase")], patience: TimeSpan.FromMinutes(10));
        return command.Wait().Succeeded();
    });

    private readonly Cdock _cdock = new();
    private readonly Cdock _other = new();
    private readonly DebianRegistry _registry = new();

    [Fact]
    public void It_is_made_of_layers_and_is_the_same_where_it_is_pulled()
    {
        string name = $"{_registry.Host}/debian:sid";
        _cdock.Ok("import", "-c", "CMD [\"bash\"]", Path.Join(Cache.Value, "minbase.tar"), "debian:base");
        Layer("debian:base", "debian:tools", "dpkg -i /packages/*.deb && setcap cap_net_raw=ep /usr/bin/ping");
        Layer("debian:tools", "debian:slim", "dpkg -r hello && rm -rf /var/lib/apt/lists /var/cache/debconf && useradd -m ann && install -o ann /dev/null ~ann/hers");
        Layer("debian:slim", name, "rm -rf /home/ann && mkdir /home/ann && ln /usr/bin/ping /usr/local/bin/ping && dpkg -i /packages/hello_*.deb");
        const string Look = "cat /etc/debian_version; hello; getcap /usr/bin/ping; ls -A /home/ann | wc -l; stat -c %h /usr/local/bin/ping; id -un ann; dpkg --audit; test -e /var/cache/debconf || echo gone";
        string expected = _cdock.Run(name, "sh", "-c", Look).Output;
        Assert.Matches("^\\S+/sid\nHello, world!\n/usr/bin/ping cap_net_raw=ep\n0\n2\nann\ngone\n$", expected);
        string files = Files(_cdock, name);

        _cdock.Ok("push", "-q", name);
        _other.Ok("pull", "-q", name);

        Assert.Equal("4", _other.Ok("image", "inspect", "-f", "{{len .RootFS.Layers}}", name));
        Assert.Equal(_cdock.Ok("images", "-q", "--no-trunc", name), _other.Ok("images", "-q", "--no-trunc", name));
        Assert.Equal(expected, _other.Run(name, "sh", "-c", Look).Output);
        Assert.Equal(files, Files(_other, name));
    }

    [Fact]
    public void Its_files_come_out_as_they_went_in()
    {
        string minbase = Path.Join(Cache.Value, "minbase.tar");
        _cdock.Ok("import", minbase, "debian:base");
        _cdock.Ok("create", "--name", "whole", "--runtime", Cdock.Runtime, "debian:base", "true");
        string exported = Path.Join(_cdock.Root, "exported.tar");

        _cdock.Ok("export", "-o", exported, "whole");

        string[] before = Listed(minbase);
        string[] after = Listed(exported);
        Assert.Empty(before.Except(after));

        // Empty places of what is mounted at each start.
        Assert.All(after.Except(before), line => Assert.Matches(" (etc/(hosts|hostname|resolv\\.conf)|dev/(pts|shm|mqueue|console))$", line));
    }

    public void Dispose()
    {
        _registry.Dispose();
        _cdock.Dispose();
        _other.Dispose();
    }

    private void Layer(string from, string to, string script)
    {
        Outcome made = _cdock.Do(["run", "--name", "maker", "--runtime", Cdock.Runtime, "-v", $"{Cache.Value}/packages:/packages:ro", from, "sh", "-ec", script], input: null);
        Assert.True(made.ExitCode == 0, made.Output + made.Error);
        _cdock.Ok("commit", "maker", to);
        _cdock.Ok("rm", "maker");
    }

    /// <summary>Every file of the image, with all that tar tells of it, and a sum of its content.</summary>
    private static string Files(Cdock cdock, string image)
        => cdock.Run("--read-only", image, "sh", "-c", "find / -xdev -printf '%p %y %m %U:%G %s %n %T@ %l\\n' | grep -v '^/\\(dev\\|proc\\|sys\\)\\? \\|^/etc/\\(hosts\\|hostname\\|resolv.conf\\) ' | sort; find / -xdev -type f -exec sha256sum {} + | grep -v ' /etc/\\(hosts\\|hostname\\|resolv.conf\\)$' | sort").Output;

    /// <summary>What tar tells of each member, but of the top.</summary>
    private static string[] Listed(string archive)
        => [.. Command.Run("/bin/sh", "-c", "tar --numeric-owner --full-time -tvf \"$1\" | sed 's, link to .*,,; s,/$,,; s, \\./, ,' | sort", "sh", archive)
            .Succeeded().Split('\n').Where(line => !line.EndsWith(" .", StringComparison.Ordinal))];
}
