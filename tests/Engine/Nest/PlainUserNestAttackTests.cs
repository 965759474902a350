namespace Containerception.Engine.Tests;

/// <summary>What the root of a plain user's container that nests tries: against the machine, and against him, whose uid it has.</summary>
public sealed class PlainUserNestAttackTests : IDisposable, IClassFixture<NestRoot>
{
    private readonly PlainUser _user = new();

    public PlainUserNestAttackTests(NestRoot root)
    {
        Needs.Met(Cdock.Runtime == "ception", "ception");
        _user.Ok("import", root.Archive, "base");
    }

    [Theory]
    [InlineData("a file of his that was not bound", "cat HOME/secret || cat /proc/1/root/HOME/secret || nsenter -t 1 -m cat HOME/secret")]
    [InlineData("his engine's store", "ls -d HOME/.local RUN/cdock || cat RUN/cdock/keeper")]
    [InlineData("a process of his", "kill -0 KEEPER || { mount -t proc proc /tmp && ls -d /tmp/KEEPER; }")]
    [InlineData("ids that he has not", "busybox unshare -U sleep 5 & sleep 0.3; echo 0 70000 1 >/proc/$!/uid_map")]
    [InlineData("all ids of the machine", "busybox unshare -U sleep 5 & sleep 0.3; echo 0 0 4294967295 >/proc/$!/uid_map")]
    [InlineData("an id that he has not", "touch /tmp/x; busybox chown 70000 /tmp/x")]
    [InlineData("a program for the machine's crashes", "echo '|/bin/sh' >/proc/sys/kernel/core_pattern")]
    [InlineData("more of the machine than he may have", "echo 9999999 >/proc/sys/fs/file-max || echo 9 >/proc/sys/kernel/keys/maxkeys || echo 1 >/proc/sys/vm/drop_caches")]
    [InlineData("sysrq in a proc of its own", "mount -t proc proc /tmp && echo h >/tmp/sysrq-trigger")]
    [InlineData("a disk", "mknod /tmp/disk b 254 0")]
    [InlineData("the machine's device nodes", "mount -t devtmpfs dev /tmp")]
    [InlineData("the kernel's debugging", "mount -t debugfs debug /tmp || mount -t tracefs trace /tmp || mount -t securityfs security /tmp")]
    [InlineData("the machine's sysfs, writable", "mount -o remount,rw /sys && echo mem >/sys/power/state")]
    [InlineData("groups with limits of its own choice", "set -- /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; [ -e $1 ] || shift; echo 1000000000 >$1 || mkdir /sys/fs/cgroup/memory/x")]
    [InlineData("the programs that were brought in", "echo x >/usr/local/bin/ception || { mount -o remount,rw,bind /usr/local/bin/ception && echo x >/usr/local/bin/ception; }")]
    public void Neither_of_the_machine_nor_of_him_it_gets_anything(string what, string script)
    {
        _user.Make("home/secret", "secret");
        script = script.Replace("HOME", _user.Home, StringComparison.Ordinal).Replace("RUN", $"{_user.Top}/run", StringComparison.Ordinal)
            .Replace("KEEPER", $"{_user.Keeper}", StringComparison.Ordinal);

        Outcome outcome = _user.Do("run", "--rm", "--nest", "base", "sh", "-c", "echo tries; " + script);

        Assert.True(outcome.ExitCode != 0, $"{what}: {outcome.Output}");
        Assert.Equal("tries\n", outcome.Output);
    }

    [Fact]
    public void Processes_of_his_that_it_sees_it_cannot_look_into()
    {
        int other = Pid(_user.Ok("run", "-d", "base", "sleep", "1000"));
        string look = $"cat /his/{other}/environ; ls /his/{other}/root/; ls /his/{other}/cwd/; readlink /his/{other}/ns/user; head -c 1 /his/{other}/mem; cat /his/{_user.Keeper}/environ; ls /his/{_user.Keeper}/root/";

        Assert.Equal("", _user.Do("run", "--rm", "--nest", "-v", "/proc:/his", "base", "sh", "-c", look).Output);
    }

    [Fact]
    public void It_is_root_of_a_namespace_below_his_with_no_id_but_his()
    {
        int pid = Pid(_user.Ok("run", "-d", "--name", "nested", "--nest", "base", "sleep", "1000"));
        string[] status = File.ReadAllLines($"/proc/{pid}/status");

        Assert.NotEqual(new FileInfo($"/proc/{_user.Keeper}/ns/user").LinkTarget, new FileInfo($"/proc/{pid}/ns/user").LinkTarget);
        Assert.Contains("Uid:\t4711\t4711\t4711\t4711", status);
        Assert.Contains("Gid:\t4711\t4711\t4711\t4711", status);
        Assert.Contains("Seccomp:\t2", status);
        Assert.Equal("0 0 1\n1 1 65536", string.Join('\n', _user.Ok("exec", "nested", "cat", "/proc/self/uid_map").Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))));
    }

    /// <summary>Keys belong to ids: it sees the names of his, such as the session keyring of another container.</summary>
    [Fact]
    public void It_can_change_no_key_of_his()
    {
        Needs.PathTo(Repository.Probe);
        string other = _user.Ok("run", "-d", "base", "sleep", "1000");
        const string change = "mount -t proc proc /tmp; while read -r id rest; do /probe try-syscall keyctl 5 $((0x$id)) 0; done </tmp/keys; cat /tmp/keys";

        string[] said = _user.Ok("run", "--rm", "--nest", "-v", $"{Repository.Probe}:/probe:ro", "base", "sh", "-c", change).Split('\n');

        string key = Assert.Single(said, line => line.Contains($"_ses.{other}", StringComparison.Ordinal));
        Assert.Contains(" perm 3f1b0000 ", key, StringComparison.Ordinal);
        Assert.All(said.Where(line => !line.Contains(' ', StringComparison.Ordinal)), answer => Assert.Equal("38", answer));
        Assert.Contains("38", said);
    }

    /// <summary>What it wrote to his engine, he would run: its root has his uid.</summary>
    [Fact]
    public void It_can_overwrite_neither_his_engine_nor_what_it_has_read_only()
    {
        foreach (string program in new[] { "bin/cdock", "bin/ception", "home" })
        {
            _user.Own(program);
        }

        string[] files = [_user.Make("home/own", "his"), $"{_user.Top}/bin/cdock", $"{_user.Top}/bin/ception"];
        _user.Own("home/own");
        byte[][] before = [.. files.Select(File.ReadAllBytes)];
        string go = Path.Join(_user.Home, "go");
        Directory.CreateDirectory(go);

        // Detached: while the engine runs, nobody can write its file.
        _user.Ok("run", "-d", "--name", "evil", "--nest", "-v", $"{go}:/go", "-v", $"{files[0]}:/own:ro", "base", "sh", "-c", """
            until [ -e /go/go ]; do sleep 0.1; done
            for file in /own /usr/local/bin/cdock /usr/local/bin/ception; do mount -o remount,rw,bind $file; echo evil >$file; done
            echo over
            """);
        _user.Make("home/go/go", "");
        Cdock.Until(() => _user.Do("logs", "evil").Output == "over\n", "the attack is over");

        Assert.Equal(before, files.Select(File.ReadAllBytes));
    }

    /// <summary>A set-user-id program of its root is his: no other user of the machine may reach it.</summary>
    [Fact]
    public void CVE_2021_41091_what_it_writes_is_behind_a_door()
    {
        string id = _user.Ok("run", "-d", "--nest", "-v", "data:/data", "base", "sleep", "1000");

        Assert.All(["volumes", "volumes/data", "containers", $"containers/{id}"], name => Assert.Equal(
            (UnixFileMode)0x1C0, File.GetUnixFileMode(Path.Join(_user.Home, ".local/share/cdock", name))));
    }

    public void Dispose() => _user.Dispose();

    private int Pid(string id) => int.Parse(_user.Ok("inspect", "-f", "{{.State.Pid}}", id), provider: null);
}
