using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images.Tests;

/// <summary>Layers that want out, or to do harm: after each of them nothing outside is touched, and nothing half-made is left.</summary>
public sealed class AttackTests : IDisposable
{
    private readonly Ground _ground = new();

    [Theory]
    [InlineData("../outside/kept")]
    [InlineData("../../outside/kept")]
    [InlineData("a/../../../outside/kept")]
    [InlineData("/../outside/kept")]
    [InlineData("..")]
    [InlineData("a/..")]
    public void A_name_with_dots_is_refused(string name)
    {
        Assert.Contains("leads outside", _ground.Refuses(new HostileTar().File(name).End()).Message, StringComparison.Ordinal);
        _ground.Refuses(new HostileTar().Pax(("path", name)).File("x").End());
        _ground.Refuses(new HostileTar().HardLink("x", name).End());
        _ground.Refuses(new HostileTar().Folder(name + "/").End());
    }

    [Fact]
    public void An_absolute_name_is_one_of_the_layer()
    {
        string layer = _ground.Unpack(new HostileTar().File(_ground.Outside + "/kept", "other").End());

        Assert.Equal("other", File.ReadAllText(layer + _ground.Outside + "/kept"));
    }

    /// <summary>containerd followed links while it changed modes: CVE-2021-32760.</summary>
    [Fact]
    public void CVE_2021_32760_modes_and_owners_do_not_go_through_links()
    {
        string layer = _ground.Unpack(new HostileTar()
            .Link("way", _ground.Outside)
            .Link("kept", _ground.Outside + "/kept")
            .HardLink("again", "kept")
            .Member("again2", '1', link: "way", mode: 0xFFF, uid: 1234)
            .Member("kept", '0', "mine", mode: 0xFFF, uid: 1234)
            .Folder("way", mode: 0xFFF)
            .End());

        Assert.Equal("mine", File.ReadAllText(layer + "/kept"));
        Assert.Null(new FileInfo(layer + "/kept").LinkTarget);
        Assert.Equal(_ground.Outside + "/kept", new FileInfo(layer + "/again").LinkTarget);
    }

    /// <summary>A hard link to what a symbolic link leads to would be the host's file itself: CVE-2026-17106, CVE-2025-11395.</summary>
    [Fact]
    public void CVE_2026_17106_a_hard_link_is_to_the_link_never_to_what_it_says()
    {
        string layer = _ground.Unpack(new HostileTar()
            .Link("link", _ground.Outside + "/kept")
            .HardLink("hard", "link")
            .Link("way", "../../../outside")
            .End());

        Assert.Equal("1", Ground.Stat("%h", _ground.Outside + "/kept"));
        Assert.Equal("symbolic link 2", Ground.Stat("%F %h", layer + "/hard"));
        _ground.Layers.RemoveLayer(Path.GetFileName(layer));
    }

    [Fact]
    public void CVE_2025_11395_a_hard_link_through_a_directory_link_stays_inside()
        => _ground.Refuses(new HostileTar().Link("way", "../../../outside").HardLink("hard", "way/kept").End());

    /// <summary>The parent of a file is looked at once, not checked first and opened by name later: CVE-2025-47290.</summary>
    [Fact]
    public void CVE_2025_47290_a_directory_that_becomes_a_link_and_one_again_stays_inside()
    {
        string layer = _ground.Unpack(new HostileTar()
            .Folder("d/")
            .File("d/first")
            .Link("d", _ground.Outside)
            .Folder("d")
            .File("d/kept", "mine")
            .End());

        Assert.Equal("mine", File.ReadAllText(layer + "/d/kept"));
        Assert.Equal(["kept"], Directory.GetFileSystemEntries(layer + "/d").Select(path => Path.GetFileName(path)));
    }

    [Theory]
    [InlineData("{outside}")]
    [InlineData("../../../outside")]
    [InlineData("/")]
    [InlineData("loop")]
    [InlineData("/proc/self/cwd")]
    public void A_link_on_the_way_is_followed_inside_the_layer_or_refused(string text)
    {
        byte[] archive = new HostileTar().Link("loop", text.Replace("{outside}", _ground.Outside, StringComparison.Ordinal)).File("loop/kept", "mine").End();
        if (text == "/")
        {
            Assert.Equal("mine", File.ReadAllText(_ground.Unpack(archive) + "/kept"));
        }
        else
        {
            _ground.Refuses(archive);
        }
    }

    [Fact]
    public void A_link_to_what_the_layer_itself_has_is_followed()
        => Assert.Equal("mine", File.ReadAllText(_ground.Unpack(new HostileTar().Folder("usr/lib/").Link("lib", "/usr/lib").File("lib/so", "mine").End()) + "/usr/lib/so"));

    [Theory]
    [InlineData(".wh.")]
    [InlineData(".wh..")]
    [InlineData(".wh...")]
    [InlineData("a/.wh...")]
    [InlineData(".wh.a/b")]
    public void A_whiteout_of_no_name_is_refused(string name) => _ground.Refuses(new HostileTar().File(name, "").End());

    [Fact]
    public void A_whiteout_hides_nothing_outside()
    {
        string layer = _ground.Unpack(new HostileTar().Link("way", "/").File("way/.wh.kept", "").File("way/.wh..wh..opq", "").File(".wh..wh.plnk/1.2", "x").End());

        Assert.Equal("character special file 0:0", Ground.Stat("%F %t:%T", layer + "/kept"));
        Assert.Equal("trusted.overlay.opaque=y", Attributes(layer));
        Assert.False(Directory.Exists(layer + "/.wh..wh.plnk"));
    }

    /// <summary>What a layer might say of itself to overlayfs: look for my files in another place.</summary>
    [Fact]
    public void Attributes_that_would_steer_the_kernel_are_left_out()
    {
        string layer = _ground.Unpack(new HostileTar()
            .Pax(("SCHILY.xattr.trusted.overlay.redirect", "/etc"), ("SCHILY.xattr.user.overlay.redirect", "/etc"), ("SCHILY.xattr.security.selinux", "x"), ("SCHILY.xattr.trusted.overlay.metacopy", ""))
            .Folder("d/")
            .End());

        Assert.Equal("", Attributes(layer + "/d"));
    }

    [Fact]
    public void Extended_headers_without_end_are_refused()
    {
        HostileTar many = new();
        for (int i = 0; i < 40; i++)
        {
            many.Pax(($"key{i}", new string('x', 30_000)));
        }

        Assert.Contains("extended headers", _ground.Refuses(many.File("x").End()).Message, StringComparison.Ordinal);
        Assert.Contains("extended headers", _ground.Refuses(new HostileTar().Member("x", 'x', size: 2 << 20).End()).Message, StringComparison.Ordinal);
        Assert.Contains("extended headers", _ground.Refuses(new HostileTar().Member("x", 'L', size: long.MaxValue >> 40).End()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("path", "a\0b")]
    [InlineData("size", "-1")]
    [InlineData("size", "99999999999999999999")]
    [InlineData("uid", "4294967296")]
    [InlineData("uid", "-2")]
    [InlineData("mtime", "soon")]
    public void A_record_that_makes_no_sense_is_refused(string key, string value) => _ground.Refuses(new HostileTar().Pax((key, value)).File("x").End());

    [Theory]
    [InlineData("5,5,3,5", "20")]
    [InlineData("0,30", "20")]
    [InlineData("9223372036854775807,5", "20")]
    [InlineData("0,4", "9223372036854775807")]
    public void A_sparse_file_with_an_impossible_map_is_refused(string map, string size)
        => _ground.Refuses(new HostileTar().Pax(("GNU.sparse.map", map), ("GNU.sparse.size", size)).File("x", "12345").End());

    [Fact]
    public void A_truncated_archive_is_refused_wherever_it_breaks()
    {
        byte[] whole = new HostileTar().Folder("d/").Pax(("path", "d/long")).File("d/f", new string('x', 3000)).Torn();
        foreach (int length in (ReadOnlySpan<int>)[1, 100, 511, 513, 1023, 1030, 1536, 1600, 2050, 2600, whole.Length - 73])
        {
            _ground.Refuses(whole[..length]);
        }

        byte[] packed = HostileTar.Gzip(new HostileTar().File("f", string.Concat(Enumerable.Range(0, 9999))).End());
        foreach (int length in (ReadOnlySpan<int>)[2, 3, 12, packed.Length / 2])
        {
            Assert.True(_ground.Refuses(packed[..length]) is not null, $"{length} of {packed.Length}");
        }
    }

    [Fact]
    public void An_archive_that_is_none_is_refused()
    {
        _ground.Refuses(Encoding.ASCII.GetBytes(new string('x', 2000)));
        _ground.Refuses([0x1f, 0x8b, .. new byte[600]]);
        _ground.Refuses([0x28, 0xb5, 0x2f, 0xfd, .. new byte[600]]);
    }

    /// <summary>CVE-2026-41567: docker looked for decompressors by name. What is inflated here is inflated by us, or not at all.</summary>
    [Fact]
    public void CVE_2026_41567_no_program_unpacks_what_we_cannot()
        => _ground.Refuses([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, .. new byte[1000]]);

    [Fact]
    public void A_bomb_is_refused()
    {
        // 100 MB of zeros, which gzip makes 100 kB.
        byte[] packed = HostileTar.Gzip(new HostileTar().File("zeros", new string('\0', 100_000_000)).End());
        Assert.Contains("bomb", RefusedWithCare(packed).Message, StringComparison.Ordinal);

        // A manifest that says so much more would come buys it nothing: what has come by then is what counts.
        using Stream stream = new MemoryStream([.. packed, .. new byte[100_000_000]]);
        Assert.Contains("bomb", RefusedWithCare(stream).Message, StringComparison.Ordinal);
        Assert.InRange(stream.Position, 0, packed.Length);
    }

    [Fact]
    public void What_is_packed_well_but_not_that_well_is_none()
    {
        string text = string.Concat(Enumerable.Range(0, 400_000).Select(i => $"{i} "));
        byte[] packed = HostileTar.Gzip(new HostileTar().File("numbers", text).End());
        LayerStore careful = new(_ground.Store, bytesAlwaysAllowed: 1000);
        using MemoryStream stream = new(packed);

        Assert.Equal(text.Length, careful.Unpack(stream, diffId: null, static () => { }).Bytes);
    }

    [Fact]
    public void What_was_made_here_is_no_bomb()
    {
        byte[] packed = HostileTar.Gzip(new HostileTar().File("zeros", new string('\0', 10_000_000)).End());
        LayerStore careful = new(_ground.Store, bytesAlwaysAllowed: 1 << 20);
        using MemoryStream stream = new(packed);

        Assert.Equal(10_000_000, careful.Unpack(stream, diffId: null, static () => { }, isOurs: true).Bytes);
    }

    [Fact]
    public void Another_archive_than_was_promised_is_refused()
        => Assert.Contains("another", _ground.Refuses(new HostileTar().File("f").End(), Digest.Of("else"u8)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_comes_behind_the_end_belongs_to_the_digest()
    {
        byte[] archive = [.. new HostileTar().File("f").End(), .. new byte[512], 1];

        Assert.Equal(Digest.Of(archive).Hex, Path.GetFileName(_ground.Unpack(archive)));
    }

    /// <summary>Others than root must not reach set-user-id programs in layers: CVE-2021-41091, CVE-2024-25621.</summary>
    [Fact]
    public void CVE_2021_41091_layers_are_behind_a_door()
    {
        string layer = _ground.Unpack(new HostileTar().File("suid", mode: 0x9ED).End());

        Assert.Equal("4755", Ground.Stat("%a", layer + "/suid"));
        Assert.Equal("700", Ground.Stat("%a", Path.GetDirectoryName(layer)!));
    }

    [Fact]
    public void A_disk_that_fills_leaves_nothing()
    {
        string small = Directory.CreateDirectory(Path.Join(_ground.Store, "small")).FullName;
        Command.Run("/bin/mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=50", "tmpfs", small).Succeeded();
        try
        {
            LayerStore layers = new(small);
            foreach (byte[] archive in (byte[][])[new HostileTar().File("big", new string('x', 2 << 20)).End(), Many(100)])
            {
                using MemoryStream stream = new(archive);
                ImageException refused = Assert.Throws<ImageException>(() => layers.Unpack(stream, diffId: null, static () => { }));
                Assert.Equal(ImageFailure.Disk, refused.Failure);
                Assert.Contains("ENOSPC", refused.Message, StringComparison.Ordinal);
                Assert.Empty(Directory.GetFileSystemEntries(Path.Join(small, "staging")));
                Assert.Empty(Directory.GetFileSystemEntries(Path.Join(small, "layers")));
            }
        }
        finally
        {
            Command.Run("/bin/umount", small).Succeeded();
        }
    }

    private ImageException RefusedWithCare(byte[] layer)
    {
        using MemoryStream stream = new(layer);
        return RefusedWithCare(stream);
    }

    private ImageException RefusedWithCare(Stream layer)
        => Assert.Throws<ImageException>(() => new LayerStore(_ground.Store, bytesAlwaysAllowed: 1 << 20).Unpack(layer, diffId: null, static () => { }));

    public void Dispose() => _ground.Dispose();

    private static byte[] Many(int count)
    {
        HostileTar tar = new();
        for (int i = 0; i < count; i++)
        {
            tar.File($"f{i}", "");
        }

        return tar.End();
    }

    private static string Attributes(string path)
    {
        using SafeFileHandle directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        return string.Join('\n', ExtendedAttributes.List(directory).Select(name => $"{name}={Encoding.UTF8.GetString(ExtendedAttributes.TryGet(directory, name)!)}"));
    }
}
