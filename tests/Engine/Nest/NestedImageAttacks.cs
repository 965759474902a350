using System.Text;
using System.Text.Json.Nodes;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>
/// Hostile images, archives and containers in the hands of level 1's engine, against level 1 and the machine. Left out is what cannot be another here: registries and
/// the digests of what comes from them (no level is involved), builds, hooks of configurations and authorization (the engine has none), seccomp listeners and messages
/// between a runtime and its child (nobody but the runtime's caller chooses them).
/// </summary>
public abstract class NestedImageAttacks(NestLevel level)
{
    /// <summary>CVE-2021-30465, CVE-2024-45310, CVE-2026-41579, CVE-2025-52565, CVE-2025-31133: what is made or mounted in a root goes where the image's links lead.</summary>
    [Theory]
    [InlineData("dev", "/outside")]
    [InlineData("dev", "../../../../../../../outside")]
    [InlineData("dev/null", "/outside/made")]
    [InlineData("dev/console", "/outside/made")]
    [InlineData("dev/pts", "/outside")]
    [InlineData("dev/ptmx", "/outside/made")]
    [InlineData("dev/shm", "/outside")]
    [InlineData("etc", "/outside")]
    [InlineData("etc/hosts", "/outside/made")]
    [InlineData("etc/resolv.conf", "../../../../../../outside/secret")]
    [InlineData("var", "/outside")]
    [InlineData("work", "/outside")]
    public void Links_in_place_of_what_is_made_lead_nowhere(string name, string target)
    {
        HostileTar layer = new();
        if (name.Split('/') is [string folder, _])
        {
            layer.Folder(folder + "/");
        }

        Load(TestImage.Busybox().Layer(layer.Link(name, target).End()));

        foreach (string flags in (ReadOnlySpan<string>)["-t -v made:/work/made -w /work/here", "--nest"])
        {
            Outcome outcome = level.Level1($"cdock run --rm --network none {flags} test sh -c 'cat /outside/secret /etc/resolv.conf /etc/hosts'");
            Assert.DoesNotContain("of level 1", outcome.Output, StringComparison.Ordinal);
        }

        level.AssertUntouched();
    }

    /// <summary>CVE-2019-19921, CVE-2019-16884, CVE-2023-27561, CVE-2025-52881.</summary>
    [Theory]
    [InlineData("proc")]
    [InlineData("sys")]
    public void A_proc_of_the_images_making_is_none(string name)
    {
        Load(TestImage.Busybox().Layer(new HostileTar().Folder("fake/").Folder("fake/self/").File("fake/self/attr", "").Link(name, "fake").End()));

        Assert.NotEqual(0, level.Level1("cdock run --rm --network none test true").ExitCode);
        Assert.NotEqual(0, level.Level1($"cdock run --rm --network none -v /outside:/{name}/sys base true").ExitCode);
        Assert.NotEqual(0, level.Level1("cdock run --rm --network none --tmpfs /proc base true").ExitCode);
        level.AssertUntouched();
    }

    /// <summary>CVE-2016-3697, CVE-2026-46680, CVE-2024-40635, CVE-2026-47262.</summary>
    [Fact]
    public void Users_of_an_image_are_not_believed()
    {
        Load(TestImage.Busybox().With("User", "5678"));
        Assert.StartsWith("uid=5678", level.Says("cdock run --rm --network none test id"), StringComparison.Ordinal);
        Load(TestImage.Busybox().With("User", "4294967296"));
        Assert.Equal(125, level.Level1("cdock run --rm --network none test id").ExitCode);
        Load(TestImage.Busybox().Layer(new HostileTar().File(".wh.etc", "").Folder("etc/").Device("etc/passwd", '6', 0, 0).Link("etc/group", "/dev/zero").End()));
        Assert.Equal("ok", level.Says("cdock run --rm --network none test echo ok"));
        Load(TestImage.Busybox().Layer(new HostileTar().File(".wh.etc", "").Folder("etc/").Link("etc/passwd", NestLevel.Secret).End()));
        Assert.DoesNotContain("of level 1", level.Level1("cdock run --rm --network none --user of test cat /etc/passwd").Output, StringComparison.Ordinal);
    }

    /// <summary>CVE-2022-23648, CVE-2023-0778.</summary>
    [Theory]
    [InlineData("/outside")]
    [InlineData("../../../../../../../outside")]
    [InlineData("/proc/1/root/outside")]
    public void A_volume_is_filled_with_nothing_of_level_1(string target)
    {
        Load(TestImage.Busybox().With("Volumes", new JsonObject { ["/data"] = new JsonObject() }).Layer(new HostileTar().Link("data", target).End()));

        Outcome outcome = level.Level1("cdock run --rm --network none test sh -c 'cat /data/* /outside/*; echo planted >/data/planted'; cat /var/lib/cdock/volumes/*/_data/secret");
        Assert.DoesNotContain("of level 1", outcome.Output, StringComparison.Ordinal);
        level.AssertUntouched();
    }

    /// <summary>CVE-2021-32760, CVE-2026-17106, CVE-2025-11395, CVE-2025-47290.</summary>
    [Fact]
    public void An_archive_reaches_nothing_of_level_1()
    {
        byte[][] archives =
        [
            new HostileTar().File("../../../../../../outside/made").End(),
            new HostileTar().Link("d", "/outside").File("d/made").End(),
            new HostileTar().Link("d", "../../../../../../../../outside").File("d/secret", "changed").End(),
            new HostileTar().HardLink("h", "/outside/secret").File("h", "changed", mode: 0x1FF).End(),
            new HostileTar().HardLink("h", "../../../../../../../../outside/secret").End(),
            new HostileTar().Folder("d/").Link("d", "/outside").HardLink("x", "d/secret").File("x", "changed").End(),
            new HostileTar().Link("l", "/outside/secret").Member("l", '0', "changed", mode: 0xFFF).End(),
        ];
        level.Says("cdock run -d --name evil --network none base sh -c 'ln -s /outside /tmp/out; exec sleep 1000'");
        for (int i = 0; i < archives.Length; i++)
        {
            string path = level.Give($"evil{i}.tar", archives[i]);
            string packed = level.Give($"evil{i}.gz", HostileTar.Gzip(archives[i]));
            Outcome outcome = level.Level1($"cdock import {path} evil && cdock run --rm --network none evil /x; cdock cp - evil:/tmp <{path}; cdock cp - evil:/tmp <{packed}; cdock import {packed} evil");
            Assert.DoesNotContain("of level 1", outcome.Output, StringComparison.Ordinal);
            level.AssertUntouched();
        }

        level.Says("cdock rm -f evil");
    }

    /// <summary>CVE-2018-15664, CVE-2019-14271, CVE-2022-1227, CVE-2026-39822, CVE-2026-41567, CVE-2026-41568: a container that is copied from and to, and looked at.</summary>
    [Fact]
    public void A_container_gains_nothing_when_level_1_copies_from_it_and_looks_at_it()
    {
        // Its own gzip, ps and so on: whoever executes them at level 1 leaves /pwned there.
        Load(TestImage.Busybox().Layer(Programs("gzip", "xz", "zstd", "tar", "ps", "cat2", "unpigz").End()));
        string script = level.GiveScript("""
            mkdir /tmp/a /tmp/b; echo mine >/tmp/a/key; ln -s /outside /tmp/l; ln -s /outside/secret /tmp/file; ln -s ../../../../../../../outside /tmp/up; ln -s /proc/1/root/outside /tmp/magic
            echo ready
            while true; do mv -T /tmp/a /tmp/b/x; mv -T /tmp/l /tmp/a; mv -T /tmp/a /tmp/l; mv -T /tmp/b/x /tmp/a; done 2>/dev/null
            """);
        level.Says($"cdock run -d --name evil --network none -v /hand:/hand:ro test sh {script}; until cdock logs evil | grep -q ready; do busybox usleep 50000; done");
        level.Give("planted", "planted"u8.ToArray());
        level.Give("payload.gz", HostileTar.Gzip(new HostileTar().File("secret", "planted").End()));

        Outcome outcome = level.Level1("""
            mkdir -p /got
            for path in file dir/secret l/secret l/ up/secret up/ magic/secret file/; do cdock cp -L evil:/tmp/$path /got; done
            for path in l up magic l/ up/ a; do cdock cp /hand/planted evil:/tmp/$path/made; cdock cp - evil:/tmp/$path </hand/payload.gz; done
            i=0; while [ $i -lt 25 ]; do cdock cp -q -L evil:/tmp/a /got/$i; cdock cp -q /hand/planted evil:/tmp/a/made; i=$((i+1)); done
            cdock top evil; cdock diff evil >/dev/null; cdock logs evil >/dev/null
            grep -rs 'of level 1' /got && echo FOUND
            """);

        Assert.DoesNotContain("FOUND", outcome.Output, StringComparison.Ordinal);
        level.AssertUntouched();
        level.Says("cdock rm -f evil");
    }

    /// <summary>CVE-2021-30465: one container swaps the way to where another's mounts go, in a volume that both have.</summary>
    [Fact]
    public void Destinations_that_a_neighbour_swaps_while_they_are_mounted_lead_nowhere()
    {
        string script = level.GiveScript("""
            mkdir -p /v/a/deep; ln -s /outside /v/l; mkdir /v/b
            echo ready
            while true; do mv -T /v/a /v/b/x; mv -T /v/l /v/a; mv -T /v/a /v/l; mv -T /v/b/x /v/a; done 2>/dev/null
            """);
        Load(TestImage.Busybox());
        string said = level.Level1($$"""
            cdock run -d --name swapper --network none -v shared:/v -v /hand:/hand:ro test sh {{script}} >/dev/null
            until cdock logs swapper | grep -q ready; do busybox usleep 50000; done
            i=0; made=0
            while [ $i -lt 30 ]; do
                cdock run --rm --network none -v shared:/v -v /hand:/v/a/made/below --tmpfs /v/a/tmp test true && made=$((made+1)); i=$((i+1))
            done
            [ $made -gt 0 ] && echo raced
            cdock rm -f swapper; cdock volume rm shared
            """).Output;

        Assert.Equal("raced\nswapper\nshared\n", said);
        level.AssertUntouched();
    }

    private void Load(TestImage image) => level.Says($"cdock load -i {level.Give("image.tar", image.Archive("test"))}");

    private static HostileTar Programs(params string[] names)
    {
        HostileTar tar = new();
        foreach (string name in names)
        {
            tar.File($"bin/{name}", "#!/bin/sh\ntouch /pwned\n", 0x1ED).File($"usr/bin/{name}", Encoding.ASCII.GetString("#!/bin/sh\ntouch /pwned\n"u8), 0x1ED);
        }

        return tar;
    }
}

/// <summary>At a level 1 of root's.</summary>
public sealed class RootsNestedImageAttackTests(RootsLevel level) : NestedImageAttacks(level), IClassFixture<RootsLevel>;

/// <summary>At a level 1 of a plain user's.</summary>
public sealed class PlainUsersNestedImageAttackTests(PlainUsersLevel level) : NestedImageAttacks(level), IClassFixture<PlainUsersLevel>;
