using System.Diagnostics;

namespace Containerception.Engine.Tests;

public sealed class CopyTests : IDisposable
{
    private readonly Cdock _cdock = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("cdock-cp-").FullName;

    [Fact]
    public void Files_go_in_and_out_by_dockers_rules()
    {
        Running("mkdir -p /tmp/there /tmp/tree/sub; echo page >/tmp/tree/sub/page; ln -s /etc/passwd /tmp/tree/link; echo one >/tmp/one");
        Write("file", "in\n");
        Write("dir/a", "a\n");

        Copied(Path.Join(_directory, "file"), "box:/tmp/new");
        Copied(Path.Join(_directory, "file"), "box:/tmp/there");
        Copied(Path.Join(_directory, "dir"), "box:/tmp/made");
        Copied(Path.Join(_directory, "dir"), "box:/tmp/there");
        Copied(Path.Join(_directory, "dir/."), "box:/tmp/there/flat");
        Assert.Equal("in\nin\na\na\na\n", Inside("cat /tmp/new /tmp/there/file /tmp/made/a /tmp/there/dir/a /tmp/there/flat/a"));

        Copied("box:/tmp/one", Path.Join(_directory, "two"));
        Copied("box:/tmp/tree", _directory);
        Copied("box:/tmp/tree/.", Path.Join(_directory, "dir"));
        Copied("box:/tmp/tree", Path.Join(_directory, "fresh"));
        Assert.Equal("one\n", Read("two"));
        Assert.Equal("page\n", Read("tree/sub/page"));
        Assert.Equal("page\n", Read("dir/sub/page"));
        Assert.Equal("page\n", Read("fresh/sub/page"));
        Assert.Equal("a\n", Read("dir/a"));
        Assert.Equal("/etc/passwd", new FileInfo(Path.Join(_directory, "tree/link")).LinkTarget);

        Copied("box:/tmp/tree/link", Path.Join(_directory, "link"));
        Assert.Equal("/etc/passwd", new FileInfo(Path.Join(_directory, "link")).LinkTarget);
        Copied("-L", "box:/tmp/tree/link", Path.Join(_directory, "passwd"));
        Assert.Equal(Inside("cat /etc/passwd"), Read("passwd"));
    }

    [Fact]
    public void A_directory_that_is_there_stays_what_it_is()
    {
        Running("mkdir -m 777 /tmp/open; echo x >/tmp/open/x; mkdir -m 750 /tmp/app; chown 7:8 /tmp/app");
        Write("out/y", "y");
        File.SetUnixFileMode(Path.Join(_directory, "out"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        Copied("box:/tmp/open/.", Path.Join(_directory, "out"));
        Copied(Path.Join(_directory, "out/."), "box:/tmp/app");
        Assert.Equal("0:0 700", Stat("out"));
        Assert.Equal("7:8 750\nx\ny\n", Inside("stat -c '%u:%g %a' /tmp/app; ls /tmp/app"));
    }

    [Fact]
    public void Owners_are_the_roots_inside_and_the_callers_outside_unless_they_are_kept()
    {
        Running("echo x >/tmp/theirs; chown 7:8 /tmp/theirs; chmod 4751 /tmp/theirs");
        Write("mine", "x");
        Chown("9:9", "mine");

        Copied(Path.Join(_directory, "mine"), "box:/tmp/plain");
        Copied("-a", Path.Join(_directory, "mine"), "box:/tmp/kept");
        Assert.Equal("0:0\n9:9\n", Inside("stat -c %u:%g /tmp/plain /tmp/kept"));

        Copied("box:/tmp/theirs", Path.Join(_directory, "plain"));
        Copied("-a", "box:/tmp/theirs", Path.Join(_directory, "kept"));
        Assert.Equal("0:0 751", Stat("plain"));
        Assert.Equal("7:8 751", Stat("kept"));
    }

    [Fact]
    public void Volumes_are_seen_as_the_container_sees_them()
    {
        Running("echo kept >/data/file", "-v", "data:/data");

        Copied("box:/data/file", Path.Join(_directory, "out"));
        Assert.Equal("kept\n", Read("out"));
        Copied(Path.Join(_directory, "out"), "box:/data/back");
        Assert.Equal("kept\n", File.ReadAllText(Path.Join(_cdock.Root, "volumes/data/_data/back")));
        _cdock.Do("rm", "-f", "box");
        _cdock.Do("volume", "rm", "data");
    }

    [Fact]
    public void Links_of_the_container_lead_to_nothing_of_the_host()
    {
        string secret = Path.Join(_directory, "secret");
        Write("secret", "host\n");
        string target = Path.Join(_directory, "target");
        Directory.CreateDirectory(target);
        Running($"ln -s {secret} /tmp/file; ln -s {_directory} /tmp/dir; ln -s ../../../../../../../../../..{_directory} /tmp/up; ln -s /proc/1/root /tmp/magic");
        Write("in", "in\n");

        Assert.NotEqual(0, _cdock.Do("cp", "-L", "box:/tmp/file", Path.Join(target, "a")).ExitCode);
        Assert.NotEqual(0, _cdock.Do("cp", "box:/tmp/dir/secret", Path.Join(target, "b")).ExitCode);
        Assert.NotEqual(0, _cdock.Do("cp", "box:/tmp/up/secret", Path.Join(target, "c")).ExitCode);
        Assert.NotEqual(0, _cdock.Do("cp", Path.Join(_directory, "in"), "box:/tmp/dir/planted").ExitCode);
        Assert.NotEqual(0, _cdock.Do("cp", Path.Join(_directory, "in"), $"box:/tmp/magic{_directory}/planted").ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(target));
        Assert.False(File.Exists(Path.Join(_directory, "planted")));
    }

    [Fact]
    public void A_container_that_swaps_links_gets_nothing_of_the_host_and_plants_nothing_there()
    {
        string trap = Path.Join(_directory, "trap");
        Directory.CreateDirectory(trap);
        Write("trap/key", "host\n");
        Write("payload/key", "planted\n");
        Running($"mkdir /tmp/a /tmp/b; echo mine >/tmp/a/key; ln -s {trap} /tmp/l; (while true; do mv -T /tmp/a /tmp/b/x; mv -T /tmp/l /tmp/a; mv -T /tmp/a /tmp/l; mv -T /tmp/b/x /tmp/a; done) 2>/dev/null &");
        string target = Path.Join(_directory, "target");
        Directory.CreateDirectory(target);

        for (int i = 0; i < 60; i++)
        {
            _cdock.Do("cp", "-q", "box:/tmp/a/key", Path.Join(target, "one"));
            _cdock.Do("cp", "-q", "-L", "box:/tmp/a", Path.Join(target, "two"));
            _cdock.Do("cp", "-q", Path.Join(_directory, "payload") + "/.", "box:/tmp/a");
        }

        Assert.Equal("host\n", Read("trap/key"));
        Assert.Equal(["key"], Directory.GetFileSystemEntries(trap).Select(path => Path.GetFileName(path)));
        Assert.All(Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories), file => Assert.NotEqual("host\n", File.ReadAllText(file)));
    }

    [Fact]
    public void An_ended_container_of_an_image_has_its_files_and_volumes_still()
    {
        TestImage.Busybox().Load(_cdock.Root);
        Write("file", "in\n");
        Assert.Equal(0, _cdock.Do("run", "--name", "box", "--runtime", Cdock.Runtime, "-v", "data:/data", "test", "sh", "-c", "echo own >/own; echo kept >/data/file").ExitCode);

        Copied("box:/own", Path.Join(_directory, "own"));
        Copied("box:/data/file", Path.Join(_directory, "kept"));
        Copied("box:/old", Path.Join(_directory, "old"));
        Copied(Path.Join(_directory, "file"), "box:/tmp/new");
        Copied(Path.Join(_directory, "file"), "box:/data/new");
        Assert.Equal("own\nkept\nas it was\n", Read("own") + Read("kept") + Read("old"));
        Assert.Equal("in\n", File.ReadAllText(Path.Join(_cdock.Root, "volumes/data/_data/new")));
        Assert.DoesNotContain(_cdock.Root, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
        Copied("box:/tmp/new", Path.Join(_directory, "back"));
        Assert.Equal("in\n", Read("back"));
        Assert.Equal("in\n", _cdock.Run("--volumes-from", "box", "test", "cat", "/data/new").Output);
        Assert.Matches(@"^[0-9.]+k?B \(virtual [0-9.]+MB\)\n$", _cdock.Do("ps", "-as", "--format", "{{.Size}}").Output);
        Assert.Equal("busybox", _cdock.Do("inspect", "--type", "image", "-f", "{{if .RootFS}}busybox{{end}}", "test").Output.Trim());
    }

    [Fact]
    public void Files_come_out_as_an_archive()
    {
        Running("mkdir -p /tmp/tree/sub; echo page >/tmp/tree/sub/page; ln -s page /tmp/tree/sub/link");

        Assert.Equal("tree/|tree/sub/|tree/sub/link -> page|tree/sub/page", Listed("box:/tmp/tree"));
        Assert.Equal("./|./sub/|./sub/link -> page|./sub/page", Listed("box:/tmp/tree/."));
        Assert.Equal("page", Listed("box:/tmp/tree/sub/page"));
    }

    [Fact]
    public void An_archive_is_unpacked_into_a_directory()
    {
        Running("mkdir -m 700 /tmp/there; mkdir /tmp/out /tmp/linked; ln -s /tmp/out /tmp/linked/tree");
        Write("tree/sub/page", "page");
        Write("tree/.wh.page", "a name like any");
        string archive = $"tar -C {_directory} --owner=7 --group=8 --numeric-owner -cf - tree";

        Unpacked($"{archive} | CDOCK cp - box:/tmp/there", "");
        Assert.Equal("page7:8", _cdock.Do("exec", "box", "sh", "-c", "cat /tmp/there/tree/sub/page; stat -c %u:%g /tmp/there/tree/sub/page").Output.TrimEnd('\n'));
        Assert.Equal(".wh.page sub", _cdock.Do("exec", "box", "sh", "-c", "ls -A /tmp/there/tree | tr '\\n' ' '").Output.Trim());
        Unpacked($"{archive} | CDOCK cp - box:/tmp/linked", "cdock: cannot overwrite non-directory \"tree\" with directory");
        Assert.Equal("700 0", _cdock.Do("exec", "box", "sh", "-c", "stat -c %a /tmp/there; ls /tmp/out | wc -l").Output.Replace('\n', ' ').Trim());
        Unpacked($"{archive} | gzip | CDOCK cp - box:/tmp/out", "");

        // Nothing of an archive that is cut off, and nothing outside.
        Unpacked($"{archive} | head -c 1500 | CDOCK cp - box:/tmp/there", "cdock: the archive");
        Unpacked($"tar -C {_directory} -P --transform 's,^,../../../,' -cf - tree/sub | CDOCK cp - box:/tmp/there", "cdock: ");
        Unpacked($"{archive} | CDOCK cp - box:/tmp/there/tree/sub/page", "cdock: /tmp/there/tree/sub/page is no directory");
        Unpacked($"{archive} | CDOCK cp - box:/tmp/none", "cdock: Could not find the file /tmp/none in container box");
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_cdock.Root, "staging")));
    }

    [Fact]
    public void A_device_does_not_come_to_the_host()
    {
        Running("mknod /tmp/null c 1 3");

        Assert.Equal("cdock: null is a device: those of containers are not made on the host", _cdock.Do("cp", "box:/tmp/null", Path.Join(_directory, "null")).FirstError);
        Assert.False(Path.Exists(Path.Join(_directory, "null")));
    }

    [Fact]
    public void What_cannot_be_copied_is_told()
    {
        Running("mkdir /tmp/dir; echo >/tmp/file");
        Write("file", "x");
        Write("dir/a", "x");
        string file = Path.Join(_directory, "file");

        Assert.Equal("cdock: Could not find the file /nope in container box", _cdock.Do("cp", "box:/nope", file).FirstError);
        Assert.Equal($"cdock: lstat {file}x: no such file or directory", _cdock.Do("cp", file + "x", "box:/tmp").FirstError);
        Assert.Equal("cdock: no such directory: /tmp/none/", _cdock.Do("cp", file, "box:/tmp/none/").FirstError);
        Assert.Equal("cdock: Could not find the file /tmp/none in container box", _cdock.Do("cp", file, "box:/tmp/none/x").FirstError);
        Assert.Equal("cdock: cannot copy directory to the file /tmp/file", _cdock.Do("cp", Path.Join(_directory, "dir"), "box:/tmp/file").FirstError);
        Assert.Equal("cdock: no such container: nobody", _cdock.Do("cp", "nobody:/x", file).FirstError);
        Assert.Equal("cdock: copying between containers is not supported", _cdock.Do("cp", "box:/x", "box:/y").FirstError);
        Assert.Equal("cdock: must specify at least one container source", _cdock.Do("cp", file, "./other").FirstError);
        Assert.Matches("^Successfully copied [0-9.]+kB to box:/tmp\n$", _cdock.Do("cp", file, "box:/tmp").Error);
        Assert.Equal("", _cdock.Do("cp", "-q", file, "box:/tmp").Error);
    }

    public void Dispose()
    {
        _cdock.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Running(string script, params string[] flags)
    {
        Outcome outcome = _cdock.Do(["run", "-d", "--name", "box", "--runtime", Cdock.Runtime, .. flags, "host", "sh", "-c", $"{script}\ntouch /tmp/ready; exec sleep 100"], input: null);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Cdock.Until(() => _cdock.Do("exec", "box", "test", "-e", "/tmp/ready").ExitCode == 0, "the container is ready");
    }

    private void Copied(params string[] words)
    {
        Outcome outcome = _cdock.Do(["cp", .. words], input: null);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', words)}: {outcome.Error}");
    }

    private void Unpacked(string pipeline, string error)
    {
        using Process copy = _cdock.Start("sh", ["-c", pipeline.Replace("CDOCK", Cdock.Program, StringComparison.Ordinal)]);
        Outcome outcome = Cdock.Finish(copy);
        Assert.True(error.Length == 0 ? outcome.ExitCode == 0 : outcome.ExitCode == 1, $"{pipeline}: {outcome.ExitCode} {outcome.Error}");
        Assert.StartsWith(error, outcome.Error, StringComparison.Ordinal);
    }

    private string Listed(string source)
    {
        using Process copy = _cdock.Start("sh", ["-c", $"{Cdock.Program} cp {source} - | tar tv"]);
        return string.Join('|', Cdock.Finish(copy).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5..])).Order(StringComparer.Ordinal));
    }

    private string Inside(string script) => _cdock.Do("exec", "box", "sh", "-c", script).Output;

    private void Write(string name, string text)
    {
        string path = Path.Join(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Read(string name) => File.ReadAllText(Path.Join(_directory, name));

    private void Chown(string owner, string name) => Process.Start("chown", [owner, Path.Join(_directory, name)])!.WaitForExit();

    private string Stat(string name)
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%u:%g %a", Path.Join(_directory, name)]) { RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }
}
