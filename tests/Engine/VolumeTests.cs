using System.Text.Json;

namespace Containerception.Engine.Tests;

public sealed class VolumeTests : IDisposable
{
    private readonly Cdock _cdock = new();
    private readonly BusyboxRoot _root = new();

    [Fact]
    public void A_named_volume_outlives_its_containers()
    {
        Assert.Equal("", Sh("-v", "data:/data", "echo kept >/data/file"));
        Assert.Equal("kept\n", Sh("-v", "data:/data:ro", "cat /data/file"));
        Assert.NotEqual(0, _cdock.Run("-v", "data:/data:ro", "--rootfs", _root.Location, "sh", "-c", "echo x >/data/file").ExitCode);
        Assert.Equal("DRIVER    VOLUME NAME\nlocal     data\n", _cdock.Do("volume", "ls").Output);
        Assert.Equal("kept\n", File.ReadAllText(Path.Join(_cdock.Do("volume", "inspect", "-f", "{{.Mountpoint}}", "data").Output.Trim(), "file")));
        Assert.Equal("data\n", _cdock.Do("volume", "rm", "data").Output);
        Assert.False(Directory.Exists(Path.Join(_cdock.Root, "volumes", "data")));
    }

    [Fact]
    public void A_new_volume_of_a_container_with_users_of_its_own_is_its_roots()
    {
        Assert.Equal("wrote\n", _cdock.Run("--userns", "auto", "-v", "/anonymous", "-v", "named:/named", "host", "sh", "-c", "touch /anonymous/x /named/x && echo wrote").Output);
        Assert.NotEqual("0\n", _cdock.Do("run", "--rm", "-v", "named:/named", "host", "stat", "-c", "%u", "/named").Output);

        // One that is there stays whose it was.
        Sh("-v", "roots:/data", "touch /data/file");
        Assert.NotEqual(0, _cdock.Run("--userns", "auto", "-v", "roots:/data", "host", "touch", "/data/x").ExitCode);
    }

    [Fact]
    public void A_new_volume_begins_with_what_the_root_has_there()
    {
        Directory.CreateDirectory(Path.Join(_root.Location, "srv/sub"));
        File.WriteAllText(Path.Join(_root.Location, "srv/sub/page"), "hello\n");
        File.CreateSymbolicLink(Path.Join(_root.Location, "srv/link"), "/etc/passwd");
        File.SetUnixFileMode(Path.Join(_root.Location, "srv"), (UnixFileMode)0x1C0);

        Assert.Equal("hello\n", Sh("-v", "filled:/srv", "cat /srv/sub/page; busybox rm -r /srv/sub"));
        Assert.Equal("link\n", Sh("-v", "filled:/srv", "ls /srv"));
        string place = Path.Join(_cdock.Root, "volumes/filled/_data");
        Assert.Equal("/etc/passwd", new FileInfo(Path.Join(place, "link")).LinkTarget);
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(place));
        Assert.Equal("", Sh("-v", "bare:/srv:nocopy", "ls /srv"));
        Assert.Equal("", Sh("--mount", "type=volume,src=bare2,dst=/srv,volume-nocopy", "ls /srv"));
    }

    [Fact]
    public void Whose_filling_was_killed_gets_the_rest_and_loses_nothing()
    {
        Directory.CreateDirectory(Path.Join(_root.Location, "srv"));
        File.WriteAllText(Path.Join(_root.Location, "srv/page"), "of the image\n");
        _cdock.Ok("volume", "create", "half");
        string volume = Path.Join(_cdock.Root, "volumes/half");

        // As kill -9 leaves it in the copying.
        Directory.CreateDirectory(Path.Join(volume, "beginning/half"));
        Assert.Equal("of the image\n", Sh("-v", "half:/srv", "cat /srv/page"));
        Assert.Equal(["_data"], Directory.GetFileSystemEntries(volume).Select(path => Path.GetFileName(path)));

        // And in the renaming; meanwhile the volume has a user's files.
        Directory.CreateDirectory(Path.Join(volume, "copy"));
        File.WriteAllText(Path.Join(volume, "copy/page"), "of the image\n");
        File.WriteAllText(Path.Join(volume, "copy/more"), "more of the image\n");
        File.WriteAllText(Path.Join(volume, "_data/page"), "a user's\n");
        File.WriteAllText(Path.Join(volume, "_data/mine"), "a user's too\n");
        Assert.Equal("a user's too\nmore of the image\na user's\n", Sh("-v", "half:/srv", "cat /srv/*"));
        Assert.Equal(["_data"], Directory.GetFileSystemEntries(volume).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void Of_a_removed_volume_nothing_is_left_however_deep_it_was_or_whoever_was_killed()
    {
        Assert.Equal("", Sh("-v", "/data", "cd /data; name=$(printf %0200d 0); mkdir top; for i in $(seq 40); do mkdir new; mv top new/$name; mv new top; done"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_cdock.Root, "volumes")));

        Directory.CreateDirectory(Path.Join(_cdock.Root, "volumes/.going/_data/deep"));
        Assert.Equal("", Sh("true"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_cdock.Root, "volumes")));
    }

    [Fact]
    public void A_root_that_leads_outside_gives_a_volume_nothing_of_the_host()
    {
        string secret = Path.Join(_cdock.Root, "secret");
        Directory.CreateDirectory(secret);
        File.WriteAllText(Path.Join(secret, "key"), "secret");
        File.CreateSymbolicLink(Path.Join(_root.Location, "out"), secret);
        File.CreateSymbolicLink(Path.Join(_root.Location, "up"), "../../../../../../../.." + secret);
        Directory.CreateDirectory(Path.Join(_root.Location, "in"));
        File.CreateSymbolicLink(Path.Join(_root.Location, "in/key"), Path.Join(secret, "key"));

        _cdock.Run("-v", "one:/out", "--rootfs", _root.Location, "true");
        _cdock.Run("-v", "two:/up", "--rootfs", _root.Location, "true");
        _cdock.Run("-v", "three:/in", "--rootfs", _root.Location, "true");

        foreach (string volume in new[] { "one", "two", "three" })
        {
            string place = Path.Join(_cdock.Root, "volumes", volume, "_data");
            Assert.All(Directory.Exists(place) ? Directory.GetFileSystemEntries(place) : [], file => Assert.NotNull(new FileInfo(file).LinkTarget));
        }
    }

    [Fact]
    public void An_anonymous_volume_goes_with_its_container_where_that_is_asked_for()
    {
        Assert.Equal("", Sh("-v", "/data", "touch /data/x"));
        Assert.Equal("", _cdock.Do("volume", "ls", "-q").Output);

        Keep("kept", "-v", "/data", "-v", "named:/named");
        Assert.Equal(2, Lines(_cdock.Do("volume", "ls", "-q")).Length);
        Assert.Equal(0, _cdock.Do("rm", "kept").ExitCode);
        Assert.Equal(2, Lines(_cdock.Do("volume", "ls", "-q", "-f", "dangling=true")).Length);
        Assert.Matches("^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$", _cdock.Do("volume", "prune", "-f").Output);

        Keep("kept", "-v", "/data", "-v", "named:/named");
        Assert.Equal(0, _cdock.Do("rm", "-v", "kept").ExitCode);
        Assert.Equal("named\n", _cdock.Do("volume", "ls", "-q").Output);
        Assert.Equal("Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B\n", _cdock.Do("volume", "prune", "-af").Output);
    }

    [Fact]
    public void What_a_killed_remover_left_is_in_nobodys_way()
    {
        _cdock.Do("volume", "create", "data");
        Directory.CreateDirectory(Path.Join(_cdock.Root, "volumes/.data/_data"));

        Assert.Equal("data\n", _cdock.Do("volume", "ls", "-q").Output);
        Assert.Equal(0, _cdock.Do("volume", "rm", "data").ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_cdock.Root, "volumes")));
    }

    [Fact]
    public void A_volume_that_a_container_has_stays()
    {
        Keep("user", "-v", "data:/data");
        string id = _cdock.Ids().Single();

        Outcome refused = _cdock.Do("volume", "rm", "data");
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal($"cdock: remove data: volume is in use - [{id}]", refused.FirstError);
        Assert.Equal("Total reclaimed space: 0B\n", _cdock.Do("volume", "prune", "-af").Output);
        _cdock.Do("rm", "user");
        Assert.Equal(0, _cdock.Do("volume", "rm", "data").ExitCode);
    }

    [Fact]
    public void Volumes_from_another_container_are_the_same_volumes()
    {
        string directory = Directory.CreateTempSubdirectory("cdock-from-").FullName;
        Keep("first", "-v", "data:/data", "-v", "/anonymous", "-v", $"{directory}:/bound:ro");

        Assert.Equal("", Sh("--volumes-from", "first", "echo 1 >/data/x; echo 2 >/anonymous/y"));
        Assert.Equal("1\n2\n", Sh("--volumes-from", "first:ro", "cat /data/x /anonymous/y"));
        Assert.NotEqual(0, _cdock.Run("--volumes-from", "first:ro", "--rootfs", _root.Location, "touch", "/data/z").ExitCode);
        Assert.NotEqual(0, _cdock.Run("--volumes-from", "first", "--rootfs", _root.Location, "touch", "/bound/z").ExitCode);
        Assert.Equal("", Sh("--volumes-from", "first", "-v", "other:/data", "ls /data"));
        Assert.Equal(0, _cdock.Do("rm", "-v", "first").ExitCode);
        Directory.Delete(directory);
    }

    [Fact]
    public void Volumes_have_labels_and_are_listed_by_them()
    {
        Assert.Equal("one\n", _cdock.Do("volume", "create", "--label", "kind=a", "--label", "b", "one").Output);
        Assert.Equal("one\n", _cdock.Do("volume", "create", "one").Output);
        string made = _cdock.Do("volume", "create").Output.Trim();
        Assert.Matches("^[0-9a-f]{64}$", made);
        Assert.Equal("", Sh("--mount", "type=volume,src=two,dst=/d,volume-label=kind=b", "true"));

        Assert.Equal("one\n", _cdock.Do("volume", "ls", "-q", "-f", "label=kind=a").Output);
        Assert.Equal("one a\ntwo b\n", _cdock.Do("volume", "ls", "-f", "label=kind", "--format", "{{.Name}} {{.Label \"kind\"}}").Output);
        using JsonDocument all = JsonDocument.Parse(_cdock.Do("volume", "inspect", "one").Output);
        Assert.Equal("a", all.RootElement[0].GetProperty("Labels").GetProperty("kind").GetString());
        Assert.Equal(["CreatedAt", "Driver", "Labels", "Mountpoint", "Name", "Options", "Scope"], all.RootElement[0].EnumerateObject().Select(member => member.Name));
    }

    [Theory]
    [InlineData(1, "get nope: no such volume", "volume", "inspect", "nope")]
    [InlineData(1, "get nope: no such volume", "volume", "rm", "nope")]
    [InlineData(1, "create a: \"a\" is too short, names should be at least two alphanumeric characters", "volume", "create", "a")]
    [InlineData(1, "create ../x: \"../x\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed", "volume", "create", "../x")]
    [InlineData(125, "-v data:/d:shiny: unknown option \"shiny\"", "run", "-v", "data:/d:shiny", "host", "true")]
    [InlineData(64, "template parsing error: template: :1:2: function \"foo\" not defined", "volume", "inspect", "-f", "{{foo}}", "nope")]
    public void What_is_wrong_is_told(int exitCode, string error, params string[] words)
    {
        Outcome outcome = _cdock.Do(words);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal($"cdock: {error}", outcome.FirstError);
    }

    public void Dispose()
    {
        _cdock.Dispose();
        _root.Dispose();
    }

    // Flags, and a script at the end.
    private string Sh(params string[] words)
    {
        Outcome outcome = _cdock.Run([.. words[..^1], "--rootfs", _root.Location, "sh", "-c", words[^1]]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }

    private void Keep(string name, params string[] flags)
        => Assert.Equal(0, _cdock.Do(["run", "--name", name, "--runtime", Cdock.Runtime, .. flags, "--rootfs", _root.Location, "true"], input: null).ExitCode);

    private static string[] Lines(Outcome outcome) => outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
