using System.Net.Sockets;
using Containerception.Images.Tests;

namespace Containerception.Engine.Tests;

/// <summary>A user whom nobody gave ids, or newuidmap(1): all that one id can do, he does, and the rest is refused with what it takes.</summary>
public sealed class PlainUserSingleIdTests : IDisposable
{
    private readonly PlainUser _user = new();

    public PlainUserSingleIdTests() => TakeIds(_user);

    [Fact]
    public void He_is_told_once_and_his_containers_run()
    {
        Outcome first = _user.Do("run", "--rm", "host", "id", "-u");
        Outcome second = _user.Do("run", "--rm", "host", "id", "-u");

        Assert.Equal(("0\n", "0\n", ""), (first.Output, second.Output, second.Error));
        Assert.StartsWith("WARNING: this user has one id", first.Error, StringComparison.Ordinal);
        Assert.Contains("usermod --add-subuids", first.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_newuidmap_it_is_the_same()
    {
        _user.Make("subuid", "plain:1000000:65536\n");
        _user.Make("no-mapper", "");

        Outcome outcome = _user.Do("run", "--rm", "host", "cat", "/proc/self/uid_map");

        Assert.Equal(["0", "4711", "1"], outcome.Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("package uidmap", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_files_of_an_image_are_his_and_none_runs_as_who_is_not_there()
    {
        _user.Load(TestImage.Busybox().Layer(new HostileTar().File("old", "x", 0x9ED, uid: 0).File("home/mine", "x", 0xDED, uid: 1234, gid: 1235).File("home/far", "x", uid: 70000).End()));

        Assert.Equal("0 0 755\n0 0 644\n0 0 4755", _user.Ok("run", "--rm", "test", "stat", "-c", "%u %g %a", "/home/mine", "/home/far", "/old"));
        Assert.Equal("0", _user.Ok("run", "--rm", "test", "id", "-G"));
    }

    [Fact]
    public void A_container_lives_as_others_do()
    {
        _user.Load(TestImage.Busybox());
        _user.Ok("run", "-d", "--name", "one", "-v", "data:/data", "-v", $"{_user.Home}/mine:/mine", "test", "sh", "-c", "echo begun; touch /mine/file; echo kept >/data/file; sleep 1000");

        Cdock.Until(() => _user.Ok("logs", "one").Length > 0, "it says something");
        Assert.Equal("uid=0(root) gid=0(root)", _user.Ok("exec", "one", "id"));
        _user.Ok("stop", "-t", "0", "one");
        Assert.Contains("A /data", _user.Ok("diff", "one"), StringComparison.Ordinal);
        _user.Ok("commit", "one", "child");
        _user.Ok("rm", "one");
        Assert.Equal("kept", _user.Ok("run", "--rm", "-v", "data:/data", "child", "cat", "/data/file"));
        Assert.Equal(4711u, Linux.FileStatuses.Statx(Linux.Descriptor.WorkingDirectory, $"{_user.Home}/mine/file", Linux.AtFlags.None).Uid);
        _user.Ok("volume", "rm", "data");
        _user.Ok("run", "-d", "-t", "--name", "terminal", "test", "sh", "-c", "test -t 0 && echo one");
        Cdock.Until(() => _user.Ok("logs", "terminal") == "one\r", "it has a terminal");
    }

    [Theory]
    [InlineData("run", "--rm", "--user", "app", "test", "true")]
    [InlineData("run", "--rm", "--user", "0:5", "test", "true")]
    [InlineData("run", "--rm", "--group-add", "5", "test", "true")]
    [InlineData("run", "--rm", "of-app", "true")]
    [InlineData("exec", "--user", "1000", "one", "true")]
    public void Other_users_are_refused_with_what_it_takes(params string[] words)
    {
        _user.Load(TestImage.Busybox());
        _user.Load(TestImage.Busybox().With("User", "app"), "of-app");
        _user.Ok("run", "-d", "--name", "one", "test", "sleep", "1000");

        Outcome outcome = _user.Do(words);

        Assert.Equal(words[0] == "run" ? 125 : 1, outcome.ExitCode);
        Assert.Contains("containers have one user and one group here", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("usermod --add-subuids", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Inside_nobody_becomes_another()
    {
        _user.Load(TestImage.Busybox());

        Outcome outcome = _user.Do("run", "--rm", "test", "sh", "-c", "cat /proc/self/setgroups; touch /x; chown 1 /x");

        Assert.Equal((1, "deny\n"), (outcome.ExitCode, outcome.Output));
    }

    [Fact]
    public void Ids_that_he_is_given_count_once_no_container_runs()
    {
        _user.Ok("run", "-d", "--name", "one", "host", "sleep", "1000");
        int keeper = _user.Keeper;
        GiveIds();

        Assert.Single(_user.Ok("exec", "one", "cat", "/proc/self/uid_map").Split('\n'));
        Assert.Equal(keeper, _user.Keeper);
        _user.Ok("rm", "-f", "one");

        // Its supervisor may still be about to end.
        Cdock.Until(() => _user.Ok("run", "--rm", "host", "cat", "/proc/self/uid_map").Split('\n').Length == 2, "he has the others too");
        Assert.NotEqual(keeper, _user.Keeper);
        Cdock.Until(() => !Directory.Exists($"/proc/{keeper}"), "the old keeper is gone");
    }

    [Fact]
    public void His_containers_are_connected()
    {
        using PlainUserMachine place = new();
        PlainUser user = place.User;
        TakeIds(user);
        user.Load(TestImage.Busybox());
        using Socket listener = place.InOther(() => PlainUserMachine.Listener("10.99.0.2", 7000));

        user.Ok("run", "--rm", "test", "sh", "-c", "echo hello | busybox nc 10.99.0.2 7000");

        using Socket accepted = listener.Accept();
        byte[] read = new byte[16];
        Assert.Equal("hello\n", System.Text.Encoding.ASCII.GetString(read, 0, accepted.Receive(read)));
        user.Ok("run", "-d", "--name", "web", "-p", "8080:80", "test", "busybox", "httpd", "-f", "-p", "80", "-h", "/etc");
        Assert.Equal("web", user.Ok("run", "--rm", "test", "sh", "-c", "until busybox wget -q -O /dev/null http://10.99.0.1:8080/passwd; do sleep 0.1; done; echo web"));
        GiveIds(user);
        user.Ok("rm", "-f", "web");
        Assert.Equal("0", user.Ok("run", "--rm", "--network", "none", "test", "id", "-u"));
        user.Ok("run", "--rm", "test", "true");
        Assert.Single(place.Pastas());
    }

    public void Dispose() => _user.Dispose();

    private static void TakeIds(PlainUser user)
    {
        user.Make("subuid", "somebody:1000000:65536\n");
        user.Make("subgid", "somebody:1000000:65536\n");
    }

    private void GiveIds() => GiveIds(_user);

    private static void GiveIds(PlainUser user)
    {
        user.Make("subuid", "plain:1000000:65536\n");
        user.Make("subgid", "plain:1000000:65536\n");
    }
}
