using System.Text;
using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Images.Tests;

/// <summary>Layers as honest programs write them: what is in them comes out as it went in.</summary>
public sealed class UnpackTests : IDisposable
{
    private readonly Ground _ground = new();

    [Fact]
    public void Owners_modes_and_times_are_kept()
    {
        string layer = _ground.Unpack(new HostileTar().Folder("./", 0x1C0).Folder("d", 0x5FF).File("d/f", mode: 0xD6D, uid: 1234, gid: 70_000).End());

        Assert.Equal("700", Ground.Stat("%a", layer));
        Assert.Equal("2777 1000000000", Ground.Stat("%a %Y", layer + "/d"));
        Assert.Equal("6555 1234:70000 1000000000", Ground.Stat("%a %u:%g %Y", layer + "/d/f"));
    }

    [Fact]
    public void Names_that_are_not_text_are_kept_byte_by_byte()
    {
        string odd = "a\xff\xfe b\xc3";
        string layer = _ground.Unpack(new HostileTar().Folder(odd).File(odd + "/f\x80", "1").HardLink("hard\xe9", odd + "/f\x80").Link("link", "to\xff")
            .Pax(("path", "\xc3\xa9\xff")).File("x").End());

        Assert.Equal("61fffe2062c30a", Hex($"cd '{layer}' && ls -d a*"));
        Assert.Contains("6680", Hex($"ls '{layer}'/a*"), StringComparison.Ordinal);
        Assert.Contains("68617264e9", Hex($"ls -d '{layer}'/hard*"), StringComparison.Ordinal);
        Assert.Equal("746fff0a", Hex($"readlink '{layer}/link'"));
        Assert.Contains("c3a9ff", Hex($"ls '{layer}'"), StringComparison.Ordinal);

        // And they can be removed again.
        _ground.Layers.RemoveLayer(Path.GetFileName(layer));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_ground.Store, "layers")));
    }

    [Fact]
    public void Devices_fifos_and_links_are_what_they_were()
    {
        string layer = _ground.Unpack(new HostileTar().Device("c", '3', 1, 3).Device("b", '4', 254, 70_000).Device("p", '6', 0, 0).File("f", "1").HardLink("h", "f").Link("l", "/no/where").End());

        Assert.Equal("character special file 1:3", Ground.Stat("%F %t:%T", layer + "/c"));
        Assert.Equal("block special file fe:11170", Ground.Stat("%F %t:%T", layer + "/b"));
        Assert.Equal("fifo", Ground.Stat("%F", layer + "/p"));
        Assert.Equal("2", Ground.Stat("%h", layer + "/h"));
        Assert.Equal("/no/where", new FileInfo(layer + "/l").LinkTarget);
    }

    [Fact]
    public void Capabilities_and_attributes_are_kept_with_zeros_in_them()
    {
        string capability = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        string layer = _ground.Unpack(new HostileTar().Pax(("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.note", "a\0b")).File("ping", uid: 5).End());

        using SafeFileHandle file = Files.Open(layer + "/ping", OpenFlags.O_RDONLY);
        Assert.Equal(Encoding.Latin1.GetBytes(capability), ExtendedAttributes.TryGet(file, "security.capability"));
        Assert.Equal("a\0b"u8.ToArray(), ExtendedAttributes.TryGet(file, "user.note"));
    }

    [Fact]
    public void A_directory_in_the_place_of_a_hidden_one_hides_it_too()
    {
        string layer = _ground.Unpack(new HostileTar().File(".wh.a", "").Folder("a/").File("a/f").Folder("b/").File(".wh.b", "").File("c").File(".wh.c", "").File(".wh.gone", "").End());

        Assert.True(IsOpaque(layer + "/a"));
        Assert.True(IsOpaque(layer + "/b"));
        Assert.Equal("regular file", Ground.Stat("%F", layer + "/c"));
        Assert.Equal("character special file 0:0", Ground.Stat("%F %t:%T", layer + "/gone"));
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax --sparse-version=0.0")]
    [InlineData("--format=pax --sparse-version=0.1")]
    [InlineData("--format=pax --sparse-version=1.0")]
    public void Sparse_files_of_gnu_tar_come_out_as_they_were(string format)
    {
        string source = Directory.CreateDirectory(Path.Join(_ground.Store, "source")).FullName;
        Command.Run("/bin/sh", "-c", $"cd {source} && for i in $(seq 40); do echo $i | dd of=holes bs=1 seek=$((i*100000)) conv=notrunc status=none; done; truncate -s 9M holes; echo e > empty; tar -cS {format} -f ../t .").Succeeded();

        string layer = _ground.Unpack(File.ReadAllBytes(Path.Join(_ground.Store, "t")));

        Assert.Equal(File.ReadAllBytes(source + "/holes"), File.ReadAllBytes(layer + "/holes"));
        Assert.True(long.Parse(Ground.Stat("%b", layer + "/holes"), System.Globalization.CultureInfo.InvariantCulture) < 2000);
        Assert.Equal("e\n", File.ReadAllText(layer + "/empty"));
    }

    [Theory]
    [InlineData("--format=gnu", "cat")]
    [InlineData("--format=pax", "gzip -1")]
    [InlineData("--format=ustar", "gzip -9")]
    [InlineData("--format=v7", "zstd -q")]
    public void A_tree_packed_by_gnu_tar_comes_out_the_same(string format, string packer)
    {
        Needs.Program(packer.Split(' ')[0]);
        string source = Directory.CreateDirectory(Path.Join(_ground.Store, "source")).FullName;
        bool isOld = format.EndsWith("v7", StringComparison.Ordinal);
        int depth = isOld ? 1 : format.EndsWith("ustar", StringComparison.Ordinal) ? 8 : 20;
        string deep = string.Join('/', Enumerable.Repeat("directory", depth));
        string name = depth < 20 ? "name" : new string('n', 200);
        string devices = isOld ? "" : "mknod null c 1 3 && mkfifo pipe && ";
        Command.Run("/bin/sh", "-c", $"cd {source} && mkdir -p {deep}/x && echo 1 > {deep}/x/{name} && ln {deep}/x/{name} hard && ln -s {deep}/x soft && chown 7:8 hard && chmod 4711 hard && {devices}cp /bin/ls . && chmod 1700 . && touch -d @1234567890 * && tar -c {format} . | {packer} > ../t").Succeeded();

        string layer = _ground.Unpack(File.ReadAllBytes(Path.Join(_ground.Store, "t")));

        Assert.Equal(Whole(Ground.Look(source)), Whole(Ground.Look(layer)));
    }

    [Fact]
    public void An_archive_without_its_last_fill_is_whole()
        => Assert.Equal("12345", File.ReadAllText(_ground.Unpack(new HostileTar().File("f", "12345").Torn()[..517]) + "/f"));

    [Fact]
    public void Two_at_once_make_one()
    {
        byte[] archive = new HostileTar().File("f").End();

        string[] found = [.. Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => _ground.Unpack(archive))];

        Assert.Single(found.Distinct());
        _ground.NothingHalfMade();
    }

    [Fact]
    public void A_tree_deeper_than_descriptors_go_is_removed()
    {
        string top = Directory.CreateDirectory(Path.Join(_ground.Store, "deep")).FullName;
        Command.Run("/bin/sh", "-c", $"cd {top} && i=0; while [ $i -lt 300 ]; do mkdir d && cd -P d && echo > f; i=$((i+1)); done").Succeeded();

        FileTrees.Remove(top);

        Assert.False(Directory.Exists(top));
    }

    public void Dispose() => _ground.Dispose();

    // Without fractions of seconds, which not every format has.
    private static string Whole(string look) => System.Text.RegularExpressions.Regex.Replace(look, @"(@?\d{9,10})\.\d+", "$1");

    private static bool IsOpaque(string path)
    {
        using SafeFileHandle directory = Files.Open(path, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        return ExtendedAttributes.TryGet(directory, "trusted.overlay.opaque") is [(byte)'y'];
    }

    private static string Hex(string script) => Command.Run("/bin/sh", "-c", $"{script} | od -An -tx1 | tr -d ' \\n'").Succeeded();
}
