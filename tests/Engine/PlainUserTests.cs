using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>What root does, a user with subordinate ids does, and root of his containers is himself.</summary>
public sealed class PlainUserTests : IDisposable
{
    private readonly PlainUser _user = new();

    [Fact]
    public void An_image_is_loaded_and_run()
    {
        _user.Load(TestImage.Busybox().Layer(new HostileTar().File("home/mine", "x", uid: 1234, gid: 1235).End()));

        Assert.Equal("0", _user.Ok("run", "--rm", "test", "id", "-u"));
        Assert.Equal("1234", _user.Ok("run", "--rm", "--user", "app", "test", "id", "-u"));
        Assert.Equal("1234 1235", _user.Ok("run", "--rm", "test", "stat", "-c", "%u %g", "/home/mine"));
    }

    [Fact]
    public void Info_says_so_and_names_his_own_directory()
    {
        Assert.Equal($"[name=seccomp,profile=builtin name=rootless] {_user.Home}/.local/share/cdock", _user.Ok("info", "--format", "{{.SecurityOptions}} {{.DockerRootDir}}"));
        Assert.Contains("\n  rootless\n", _user.Ok("info"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_host_runs() => Assert.Equal("0", _user.Ok("run", "--rm", "host", "id", "-u"));

    [Fact]
    public void A_bundle_names_his_id_as_it_is_outside()
    {
        Needs.PathTo("/usr/bin/busybox");
        using System.Diagnostics.Process process = _user.StartScript("""
            mkdir -p bundle/rootfs/bin bundle/rootfs/proc bundle/rootfs/sys bundle/rootfs/dev bundle/rootfs/etc
            cp /usr/bin/busybox bundle/rootfs/bin/sh
            ception spec --rootless --bundle bundle
            grep -q '"hostID": 4711' bundle/config.json && cdock run --rm --bundle bundle sh -c 'read line </proc/self/uid_map; echo $line'
            """);

        Assert.Equal(new Outcome(0, "0 0 1\n", ""), Cdock.Finish(process));
    }

    [Fact]
    public void A_container_lives_as_roots_do()
    {
        _user.Load(TestImage.Busybox());
        _user.Ok("run", "-d", "--name", "one", "test", "sh", "-c", "echo begun; sleep 1000");

        Cdock.Until(() => _user.Ok("logs", "one").Length > 0, "it says something");
        Assert.Equal("begun", _user.Ok("logs", "one"));
        Assert.Equal("uid=0(root) gid=0(root)", _user.Ok("exec", "one", "id").Split(" groups")[0]);
        Assert.Equal("one", _user.Ok("ps", "--format", "{{.Names}}"));
        _user.Ok("stop", "-t", "0", "one");
        Assert.Equal("exited", _user.Ok("inspect", "--format", "{{.State.Status}}", "one"));
        _user.Ok("rm", "one");
        Assert.Equal("", _user.Ok("ps", "-a", "--format", "{{.Names}}"));
    }

    [Fact]
    public void What_is_gone_from_an_image_is_gone_from_its_child()
    {
        _user.Load(TestImage.Busybox().Layer(new HostileTar().File("etc/.wh.group").End()));
        _user.Ok("run", "--name", "one", "test", "sh", "-c", "test ! -e /etc/group && rm -r /old /home && mkdir /home && touch /home/new && chown 1234 /home/new");

        Assert.Equal("C /home\nA /home/new\nD /old", string.Join('\n', _user.Ok("diff", "one").Split('\n').Order(StringComparer.Ordinal).OrderBy(line => line[2..], StringComparer.Ordinal)));
        _user.Ok("commit", "one", "child");
        Assert.Equal("1234", _user.Ok("run", "--rm", "child", "sh", "-c", "test ! -e /old && stat -c %u /home/new"));
    }

    [Fact]
    public void Volumes_keep_their_files_and_what_is_written_to_his_own_directory_is_his()
    {
        _user.Load(TestImage.Busybox());
        Directory.CreateDirectory(Path.Join(_user.Home, "mine"));
        _user.Own("home/mine");

        _user.Ok("run", "--rm", "-v", "data:/data", "-v", $"{_user.Home}/mine:/mine", "test", "sh", "-c", "echo kept >/data/file; touch /mine/file");

        Assert.Equal("kept", _user.Ok("run", "--rm", "-v", "data:/data", "test", "cat", "/data/file"));
        using System.Diagnostics.Process stat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u", $"{_user.Home}/mine/file"]) { RedirectStandardOutput = true })!;
        Assert.Equal("4711", stat.StandardOutput.ReadToEnd().TrimEnd());
        _user.Ok("volume", "rm", "data");
    }

    [Fact]
    public void Devices_in_an_image_are_left_out()
    {
        _user.Load(TestImage.Busybox().Layer(new HostileTar().Device("etc/null", '3', 1, 3).File("etc/after").End()));

        Assert.Equal("after", _user.Ok("run", "--rm", "test", "sh", "-c", "cd /etc; test ! -e null && echo after"));
    }

    [Fact]
    public void A_file_of_somebody_beyond_his_ids_is_refused_with_the_reason()
    {
        string archive = _user.Make("home/far.tar", "");
        File.WriteAllBytes(archive, TestImage.Busybox().Layer(new HostileTar().File("far", uid: 70000).End()).Archive("far"));

        Outcome outcome = _user.Do("load", "-i", archive);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("hint: the file belongs to 70000:0", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_that_cannot_be_kept_are_refused()
    {
        _user.Load(TestImage.Busybox());

        Outcome outcome = _user.Do("run", "--rm", "--memory", "64m", "test", "true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.Contains("cgroup", outcome.FirstError, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_user_namespace_is_refused_with_the_reason()
    {
        _user.Load(TestImage.Busybox());

        Outcome outcome = _user.Do("run", "--rm", "--userns", "auto", "test", "true");

        Assert.Equal(125, outcome.ExitCode);
        Assert.StartsWith("cdock: --userns: ", outcome.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _user.Dispose();
}
