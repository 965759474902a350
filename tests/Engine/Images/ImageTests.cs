using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary><c>cdock run IMAGE</c>: what is in the image, what it says of its containers, and what the container writes.</summary>
public sealed class ImageTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Fact]
    public void Layers_lie_one_over_the_other()
    {
        Load(TestImage.Busybox()
            .Layer(new HostileTar().File("old", "newer\n").File("gone", "").Folder("d/").File("d/hidden").End())
            .Layer(new HostileTar().File(".wh.gone", "").Folder("d/").File("d/.wh..wh..opq", "").File("d/shown", "top\n").End()));

        Assert.Equal("newer\nshown\n", Says("cat /old; ls /d /gone 2>/dev/null | grep -v :; true").Replace("\n\n", "\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Hundreds_of_layers_are_one_tree()
    {
        TestImage image = TestImage.Busybox();
        for (int i = 0; i < 400; i++)
        {
            image.Layer(new HostileTar().File("last", $"{i}\n").File($"file{i}", "").End());
        }

        Load(image);

        Assert.Equal("399\n401\n", Says("cat /last; ls / | grep -c -e file -e old"));
    }

    [Fact]
    public void An_image_without_layers_can_be_made_a_container()
    {
        Load(new TestImage().With("Cmd", new JsonArray("/x")));

        Assert.Equal(127, _cdock.Run("test").ExitCode);
    }

    [Fact]
    public void The_same_layer_twice_is_one()
    {
        byte[] layer = new HostileTar().File("twice", "2\n").End();
        Load(TestImage.Busybox().Layer(layer).Layer(new HostileTar().File(".wh.twice", "").End()).Layer(layer));

        Assert.Equal("2\n", Says("cat /twice"));
    }

    [Fact]
    public void What_is_written_is_the_containers_and_the_image_stays()
    {
        Load(TestImage.Busybox());

        Assert.Equal("mine\n", Says("rm /old; echo mine > /old; cat /old; touch /etc/new"));
        Assert.Equal("as it was\n", Says("cat /old; ls /etc/new 2>/dev/null; true"));
    }

    [Theory]
    [InlineData(null, "cmd", "", "entry cmd")]
    [InlineData(null, "cmd", "x y", "entry x y")]
    [InlineData("/bin/echo", "cmd", "", "")]
    [InlineData("/bin/echo", "cmd", "x", "x")]
    public void Entrypoint_and_command_are_put_together_as_docker_does(string? flag, string cmd, string words, string expected)
    {
        Load(TestImage.Busybox().With("Entrypoint", new JsonArray("/bin/echo", "entry")).With("Cmd", new JsonArray(cmd)));
        string[] flags = flag is null ? [] : ["--entrypoint", flag];

        Assert.Equal(expected + "\n", _cdock.Run([.. flags, "test", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Output);
    }

    [Fact]
    public void No_command_anywhere_is_told()
    {
        Load(TestImage.Busybox());

        Outcome outcome = _cdock.Run("test");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("no command specified", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_are_dockers_then_the_images_then_the_flags()
    {
        Load(TestImage.Busybox().With("Env", new JsonArray("A=image", "B=image", "PATH=/bin", "NONSENSE")));

        string[] lines = _cdock.Run("-e", "B=flag", "-h", "box", "test", "env").Output.TrimEnd('\n').Split('\n');

        Assert.Equal(["PATH=/bin", "HOSTNAME=box", "A=image", "B=flag", "HOME=/root"], lines);
    }

    [Theory]
    [InlineData("", null, "uid=0(root) gid=0(root) groups=0(root),10(wheel)")]
    [InlineData("app", null, "uid=1234(app) gid=1235(app) groups=50(staff),1235(app)")]
    [InlineData("app:wheel", null, "uid=1234(app) gid=10(wheel) groups=10(wheel)")]
    [InlineData("app", "0", "uid=0(root) gid=0(root) groups=0(root),10(wheel)")]
    [InlineData("4000:4001", null, "uid=4000 gid=4001 groups=4001")]
    public void The_user_is_the_images_unless_another_is_asked_for(string images, string? asked, string expected)
    {
        Load(TestImage.Busybox().With("User", images));
        string[] flags = asked is null ? [] : ["-u", asked];

        string said = _cdock.Run([.. flags, "test", "id"]).Output.TrimEnd('\n');

        Assert.Equal(Sorted(expected), Sorted(said));
    }

    [Theory]
    [InlineData("/work/there", "/work/there")]
    [InlineData("relative", "/relative")]
    [InlineData("/a/../b", "/b")]
    public void The_working_directory_is_made(string images, string expected)
    {
        Load(TestImage.Busybox().With("WorkingDir", images));

        Assert.Equal(expected + "\n", Says("pwd"));
        Assert.Equal("/else/where\n", _cdock.Run("-w", "/else/where", "test", "pwd").Output);
    }

    [Fact]
    public void The_network_files_are_dockers()
    {
        Load(TestImage.Busybox());

        string[] said = Says("cat /etc/hostname; hostname; head -1 /etc/hosts; touch /etc/hosts && echo writable").Split('\n');

        Assert.Equal(12, said[0].Length);
        Assert.Equal([said[0], said[0], "127.0.0.1\tlocalhost", "writable", ""], said);
        Assert.Equal("box\n", _cdock.Run("-h", "box", "test", "cat", "/etc/hostname").Output);
        Assert.Equal(Environment.MachineName + "\n", _cdock.Run("--network", "host", "--uts", "host", "test", "hostname").Output);
        Assert.Equal(File.ReadAllText("/etc/hosts"), _cdock.Run("--network", "host", "test", "cat", "/etc/hosts").Output);
        Assert.Equal(File.ReadAllText("/etc/resolv.conf"), _cdock.Run("test", "cat", "/etc/resolv.conf").Output);
        Assert.Equal("mine\n", _cdock.Run("-v", Written("mine\n") + ":/etc/hosts", "test", "cat", "/etc/hosts").Output);
    }

    [Fact]
    public void Labels_and_the_stop_signal_come_from_the_image()
    {
        Load(TestImage.Busybox().With("Labels", new JsonObject { ["a"] = "image", ["b"] = "image" }).With("StopSignal", "SIGRTMIN+3"));
        _cdock.Do("run", "-d", "--name", "labelled", "--label", "b=flag", "test", "sleep", "100");

        string config = File.ReadAllText(Path.Join(_cdock.Root, "containers", _cdock.Ids()[0], "config.json"));

        Assert.Contains("SIGRTMIN+3", config, StringComparison.Ordinal);
        Assert.Contains("labelled", _cdock.Do("ps", "--filter", "label=a=image", "--filter", "label=b=flag").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void With_a_user_namespace_the_images_files_are_the_containers()
    {
        Load(TestImage.Busybox().Layer(new HostileTar().File("theirs", uid: 1234, gid: 1235).End()));

        string[] said = _cdock.Run("--userns", "auto", "test", "sh", "-c", "stat -c %u:%g / /old /theirs; touch /root/x && chown 7:8 /theirs && stat -c %u:%g /theirs; head -1 /proc/self/uid_map").Output
            .TrimEnd('\n').Split('\n');

        Assert.Equal(["0:0", "0:0", "1234:1235", "7:8"], said[..4]);
        Assert.True(uint.Parse(said[4].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) >= 0x2000_0000);
    }

    [Fact]
    public void The_images_volumes_begin_with_what_it_has_there()
    {
        Load(TestImage.Busybox().Layer(new HostileTar().Folder("data/").File("data/given", "image\n").End()).With("Volumes", new JsonObject { ["/data"] = new JsonObject() }));

        Assert.Equal("image\n/data\n", Says("cat /data/given; mount | grep -o ' /data ' | grep -o /data"));
    }

    [Fact]
    public void A_name_an_id_or_the_beginning_of_one_is_an_image()
    {
        string id = TestImage.Busybox().Load(_cdock.Root, "localhost:5000/some/app:v1").Id.ToString();

        foreach (string name in new[] { "localhost:5000/some/app:v1", id, id["sha256:".Length..], id.Substring("sha256:".Length, 12) })
        {
            Assert.Equal("ok\n", _cdock.Run(name, "echo", "ok").Output);
        }
    }

    [Fact]
    public void Another_platforms_image_is_none_where_one_is_asked_for()
    {
        Load(TestImage.Busybox());

        Assert.Equal("ok\n", _cdock.Run("--platform", "linux/amd64", "test", "echo", "ok").Output);
        Assert.Equal(125, _cdock.Run("--platform", "linux/riscv64", "--pull", "never", "test", "echo", "ok").ExitCode);
    }

    [Fact]
    public void An_image_stays_while_a_container_is_made_of_it()
    {
        Load(TestImage.Busybox());
        _cdock.Do("run", "-d", "--name", "user", "test", "sleep", "100");

        Assert.Equal(1, _cdock.Do("rmi", "test").ExitCode);
        Assert.Equal(0, _cdock.Do("rm", "-f", "user").ExitCode);
        Assert.Equal(0, _cdock.Do("rmi", "test").ExitCode);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_cdock.Root, "layers")));
    }

    [Fact]
    public void What_was_written_is_there_when_the_container_starts_again()
    {
        Load(TestImage.Busybox());
        _cdock.Do("run", "--name", "again", "-h", "box", "test", "sh", "-c", "cat /written 2>/dev/null; hostname; cat /etc/hostname; echo before >> /written");

        Assert.Equal("before\nbox\nbox\n", _cdock.Do("start", "-a", "again").Output);
        Assert.Equal("before\nbefore\nbox\nbox\n", _cdock.Do("start", "-a", "again").Output);
    }

    [Fact]
    public void With_a_user_namespace_it_starts_again_too()
    {
        Load(TestImage.Busybox());
        _cdock.Do("run", "--name", "again", "--userns", "auto", "test", "sh", "-c", "cat /root/written 2>/dev/null; echo before >> /root/written");

        Assert.Equal("before\n", _cdock.Do("start", "-a", "again").Output);
    }

    [Fact]
    public void What_was_killed_leaves_no_mount()
    {
        Load(TestImage.Busybox());
        using (Process process = _cdock.Start(["run", "--rm", "--runtime", Cdock.Runtime, "--name", "victim", "test", "sleep", "100"]))
        {
            Cdock.Until(() => _cdock.Do("ps", "-q").Output.Length > 0, "the container runs");
            process.Kill();
            process.WaitForExit();
        }

        _cdock.Do("rm", "-f", "victim");
        Cdock.Until(() => _cdock.Ids().Length == 0, "nothing is left");
        Assert.DoesNotContain(_cdock.Root, File.ReadAllText("/proc/mounts"), StringComparison.Ordinal);
    }

    public void Dispose() => _cdock.Dispose();

    private void Load(TestImage image) => image.Load(_cdock.Root);

    private string Says(string script)
    {
        Outcome outcome = _cdock.Run("test", "sh", "-c", script);
        Assert.True(outcome.ExitCode == 0, $"exit code {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        return outcome.Output;
    }

    private string Written(string text)
    {
        string path = Path.Join(_cdock.Root, "written");
        File.WriteAllText(path, text);
        return path;
    }

    // The order of groups is the kernel's.
    private static string Sorted(string id)
        => id.Contains("groups=", StringComparison.Ordinal) ? id[..(id.IndexOf("groups=", StringComparison.Ordinal) + 7)] + string.Join(',', id[(id.IndexOf("groups=", StringComparison.Ordinal) + 7)..].Split(',').Order(StringComparer.Ordinal)) : id;
}
