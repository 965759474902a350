using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary><c>diff</c>, <c>export</c>, <c>commit</c>, <c>save</c>, <c>load</c> and <c>import</c>: what containers write, taken out and brought in.</summary>
public sealed class TakeTests : IDisposable
{
    private const string Deeds = "rm /old; echo 1 > /etc/group; mkdir -p /a/b; echo x > /a/b/c; ln /a/b/c /a/hard; rm -rf /home; mkdir /home; echo y > /home/z";

    private readonly Cdock _cdock = new();

    public TakeTests() => TestImage.Busybox().Layer(new HostileTar().File("home/gone").End()).Load(_cdock.Root);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Diff_tells_what_was_added_changed_and_deleted(bool isMapped)
    {
        Made(isMapped, Deeds);

        Assert.Equal("A /a\nA /a/b\nA /a/b/c\nA /a/hard\nC /etc\nC /etc/group\nC /home\nA /home/z\nD /old\n", _cdock.Do("diff", "made").Output);
    }

    [Fact]
    public void A_container_that_has_done_nothing_has_no_changes()
    {
        Made(isMapped: false, "true");

        Assert.Equal("", _cdock.Do("diff", "made").Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_image_made_of_a_container_is_what_it_was(bool isMapped)
    {
        Made(isMapped, Deeds + "; chown 1234:1235 /a/b/c; ln -s /nowhere /link");

        Outcome committed = _cdock.Do("commit", "-a", "me", "-m", "why", "-c", "CMD [\"cat\", \"/a/b/c\"]", "-c", "ENV X=y", "made", "made:1");

        Assert.Matches("^sha256:[0-9a-f]{64}\n$", committed.Output);
        Assert.Equal("x\n", _cdock.Run("made:1").Output);
        Assert.Equal("1234:1235 2\n/nowhere\nz\ny\n", _cdock.Run("made:1", "sh", "-c", "stat -c '%u:%g %h' /a/hard; readlink /link; ls /home; test -e /old || echo $X").Output);
    }

    [Fact]
    public void An_image_starts_as_its_container_did()
    {
        _cdock.Do("run", "--runtime", Cdock.Runtime, "--name", "made", "-e", "A=1", "-w", "/tmp", "-u", "app", "--label", "l=m", "--entrypoint", "/bin/echo", "test", "said");
        _cdock.Do("commit", "made", "made:1");

        Assert.Equal("said\n", _cdock.Run("made:1").Output);
        Assert.Equal("1234 /tmp 1\n", _cdock.Run("--entrypoint", "sh", "made:1", "-c", "echo $(id -u) $(pwd) $A").Output);
    }

    [Fact]
    public void A_running_container_is_paused_meanwhile_and_goes_on()
    {
        _cdock.Do("run", "-d", "--runtime", Cdock.Runtime, "--name", "made", "test", "sh", "-c", "while true; do echo > /tick; sleep 1; done");
        Cdock.Until(() => _cdock.Do("diff", "made").Output.Contains("/tick", StringComparison.Ordinal), "it has written");

        Assert.Equal(0, _cdock.Do("commit", "made", "made:1").ExitCode);

        Assert.Contains("made", _cdock.Do("ps", "--filter", "status=running").Output, StringComparison.Ordinal);
        Assert.Equal("/tick\n", _cdock.Run("made:1", "ls", "/tick").Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_exported_can_be_imported(bool isMapped)
    {
        Made(isMapped, Deeds + "; chown 1234:1235 /a/b/c; mkdir -m 1777 /open");
        string file = Path.Join(_cdock.Root, "files.tar");

        Assert.Equal(0, _cdock.Do("export", "-o", file, "made").ExitCode);
        Assert.Equal(0, _cdock.Do("import", "-c", "CMD [\"cat\", \"/a/hard\"]", file, "imported").ExitCode);

        Assert.Equal("x\n", _cdock.Run("imported").Output);
        Assert.Equal("1234:1235 2 1777\n", _cdock.Run("imported", "sh", "-c", "echo $(stat -c '%u:%g %h' /a/b/c) $(stat -c %a /open); test ! -e /old").Output);
    }

    [Fact]
    public void What_is_saved_is_loaded_with_its_name()
    {
        string file = Path.Join(_cdock.Root, "saved.tar");
        Assert.Equal(0, _cdock.Do("save", "-o", file, "test").ExitCode);
        Assert.Equal(0, _cdock.Do("rmi", "test").ExitCode);

        Assert.Equal("Loaded image: test:latest\n", _cdock.Do("load", "-i", file).Output);
        Assert.Equal("ok\n", _cdock.Run("test", "echo", "ok").Output);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void What_cannot_be_saved_leaves_no_file()
    {
        string file = Path.Join(_cdock.Root, "saved.tar");

        Assert.Equal(1, _cdock.Do("save", "-o", file, "test", "nothing").ExitCode);
        Assert.Empty(Directory.GetFiles(_cdock.Root, "*saved*"));
    }

    [Theory]
    [InlineData("load", "-i", "/etc/passwd")]
    [InlineData("load", "-i", "/etc")]
    [InlineData("import", "/etc/passwd")]
    [InlineData("import", "/no/file")]
    [InlineData("import", "http://127.0.0.1/x")]
    [InlineData("commit", "nobody")]
    [InlineData("export", "nobody")]
    [InlineData("diff", "nobody")]
    public void What_makes_no_sense_is_refused(params string[] words)
    {
        Outcome outcome = _cdock.Do(words);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_a_layer_has_no_room_for_is_refused()
    {
        Made(isMapped: false, "echo > /.wh.old");

        Assert.Contains(".wh.", _cdock.Do("commit", "made", "made:1").Error, StringComparison.Ordinal);
        Assert.Equal(0, _cdock.Do("export", "-o", Path.Join(_cdock.Root, "t"), "made").ExitCode);
    }

    public void Dispose() => _cdock.Dispose();

    private void Made(bool isMapped, string script)
    {
        string[] flags = isMapped ? ["--userns", "auto"] : [];
        Outcome outcome = _cdock.Do(["run", "--runtime", Cdock.Runtime, "--name", "made", .. flags, "test", "sh", "-c", script]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
    }
}
