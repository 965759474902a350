namespace Containerception.Engine.Tests;

public sealed class WrongCommandLineTests : IDisposable
{
    private readonly Cdock _cdock = new();

    public static TheoryData<string, int, string> Lines => new()
    {
        { "run", 1, "run needs an image" },
        { "create", 1, "create needs an image" },
        { "logs", 1, "logs requires 1 argument" },
        { "rename one", 1, "rename requires 2 arguments" },
        { "stop", 1, "stop requires at least 1 argument" },
        { "ps extra", 1, "ps accepts no arguments" },
        { "logs one two", 1, "logs requires 1 argument" },
        { "volume inspect", 1, "volume inspect requires at least 1 argument" },
        { "volume frobnicate", 1, "unknown command: volume frobnicate" },
        { "help frobnicate", 1, "unknown command: frobnicate" },
        { "ps --frobnicate", 125, "unknown flag: --frobnicate" },
        { "stop -t soon one", 125, "invalid value \"soon\" for --time" },
        { "login -p", 125, "flag needs a value: --password TEXT" },
        { "run --cpu-period 5 host true", 125, "--cpu-period: 5 is not between 1000 and 1000000" },
        { "run --cpu-quota 5 host true", 125, "--cpu-quota: 5 is below 1000" },
        { "run --cpus 1 --cpu-quota 5000 host true", 125, "--cpus excludes --cpu-period and --cpu-quota" },
        { "run --cpuset-mems a host true", 125, "invalid value \"a\" for --cpuset-mems" },
        { "run --memory-swappiness 200 host true", 125, "--memory-swappiness: 200 is not between 0 and 100" },
        { "run --blkio-weight-device /dev/null:5 host true", 125, "--blkio-weight-device: a weight is between 10 and 1000" },
        { "run --device-cgroup-rule nonsense host true", 125, "--device-cgroup-rule nonsense: invalid rule" },
        { "run --cgroup-parent ../up host true", 125, "--cgroup-parent ../up: it must be absolute" },
        { "run --annotation =x host true", 125, "invalid value \"=x\" for --annotation" },
        { "run --label-file /no/such host true", 125, "/no/such" },
        { "run --pull never nginx", 125, "no such image: nginx:latest" },
        { "run /usr", 125, "no image is called \"/usr\"" },
        { "run -q --pull=sometimes nginx", 125, "invalid value \"sometimes\" for --pull" },
        { "run NGINX", 125, "invalid reference format" },
        { "run --frobnicate host", 125, "unknown flag: --frobnicate" },
        { "run --memoy 1m host", 125, "unknown flag: --memoy" },
        { "run -y host", 125, "unknown flag: -y" },
        { "run -iyt host", 125, "unknown flag: -y in -iyt" },
        { "run --memory", 125, "flag needs a value: --memory SIZE" },
        { "run --rm=perhaps host", 125, "invalid value \"perhaps\" for --rm" },
        { "run --memory lots host true", 125, "--memory: invalid size \"lots\"" },
        { "run -m 1m host true", 125, "--memory: 1048576 bytes is below the least that is allowed, 6m" },
        { "run --memory-swap 64m host true", 125, "--memory-swap needs --memory" },
        { "run -m 64m --memory-swap 32m host true", 125, "--memory-swap is below --memory" },
        { "run -m 64m --memory-reservation 128m host true", 125, "--memory-reservation is above --memory" },
        { "run --cpus 1000 host true", 125, "--cpus: 1000 is not between 0.01 and" },
        { "run --cpus many host true", 125, "invalid value \"many\" for --cpus" },
        { "run --cpuset-cpus a-b host true", 125, "invalid value \"a-b\" for --cpuset-cpus" },
        { "run --pids-limit x host true", 125, "invalid value \"x\" for --pids-limit" },
        { "run --blkio-weight 5 host true", 125, "--blkio-weight: 5 is not between 10 and 1000" },
        { "run --device-write-bps /dev/null host true", 125, "--device-write-bps /dev/null: invalid rate" },
        { "run --device-write-bps /dev/null:1mb host true", 125, "--device-write-bps: only block devices have rates" },
        { "run --device-write-bps /dev/nothing:1mb host true", 125, "no such device on this machine: /dev/nothing" },
        { "run --device /dev/nothing host true", 125, "--device: no such device on this machine: /dev/nothing" },
        { "run --device /etc/passwd host true", 125, "--device: /etc/passwd is not a device node" },
        { "run --device /dev/null:/dev/x:q host true", 125, "invalid device mode \"q\"" },
        { "run --cap-add FLY host true", 125, "--cap-add FLY: unknown capability" },
        { "run --cap-drop FLY host true", 125, "--cap-drop FLY: unknown capability" },
        { "run --security-opt seccomp=/no/profile host true", 125, "seccomp profile /no/profile" },
        { "run --security-opt seccomp=/etc/passwd host true", 125, "seccomp profile /etc/passwd" },
        { "run --security-opt label=type:x host true", 125, "SELinux and AppArmor are not supported" },
        { "run --security-opt apparmor=docker-default host true", 125, "SELinux and AppArmor are not supported" },
        { "run --security-opt frobnicate host true", 125, "invalid --security-opt \"frobnicate\"" },
        { "run --ulimit files=1 host true", 125, "unknown limit \"files\"" },
        { "run --ulimit nofile host true", 125, "--ulimit nofile: invalid limit" },
        { "run --ulimit nofile=2:1 host true", 125, "the soft limit is above the hard one" },
        { "run --sysctl net.ipv4.ip_forward host true", 125, "invalid value \"net.ipv4.ip_forward\" for --sysctl" },
        { "run --shm-size -1 host true", 125, "--shm-size: invalid size \"-1\"" },
        { "run --pid other host true", 125, "invalid value \"other\" for --pid" },
        { "run --pid container:x host true", 125, "no such container: x" },
        { "run --ipc container:x host true", 125, "no such container: x" },
        { "run --uts container:x host true", 125, "--uts container:x: not supported yet" },
        { "run -a stdlog host true", 125, "invalid value \"stdlog\" for --attach" },
        { "run -d -a stdout host true", 125, "cannot specify both --attach and --detach" },
        { "exec --detach-keys ctrl-x nothing true", 1, "exec --detach-keys is not supported" },
        { "run --uts x host true", 125, "invalid value \"x\" for --uts" },
        { "run --userns nomap host true", 125, "invalid value \"nomap\" for --userns" },
        { "run --cgroupns x host true", 125, "invalid value \"x\" for --cgroupns" },
        { "run --isolate sound,mount host true", 125, "--isolate: unknown namespace \"sound\"" },
        { "run --isolate uts host true", 125, "--isolate: without `mount`" },
        { "run --isolate none -m 64m host true", 125, "--memory needs a container" },
        { "run --isolate none host", 125, "no command specified" },
        { "run -v /tmp:relative host true", 125, "must be absolute" },
        { "run -v /tmp:/t:z host true", 125, "SELinux labels (z) are not supported" },
        { "run -v /tmp:/t:rshared host true", 125, "mounts made in a container never appear on the host" },
        { "run -v /tmp:/t:odd host true", 125, "unknown option \"odd\"" },
        { "run --mount type=bind,dst=/x host true", 125, "source is required" },
        { "run --mount type=bind,src=/tmp host true", 125, "target is required" },
        { "run --mount type=bind,src=/no/such,dst=/x host true", 125, "/no/such does not exist" },
        { "run --mount type=cloud,dst=/x host true", 125, "unknown mount type \"cloud\"" },
        { "run --mount kind=bind host true", 125, "unexpected key \"kind\"" },
        { "run --tmpfs /x:colour=red host true", 125, "unknown option \"colour=red\"" },
        { "run --rootfs /no/such true", 125, "/no/such is not a directory" },
        { "run --bundle /usr", 125, "/usr has no config.json" },
        { "run --rootfs /usr --bundle /usr", 125, "--rootfs and --bundle exclude each other" },
        { "run -w relative host true", 125, "the working directory must be absolute" },
        { "run -u nobody-here host true", 125, "no user is called \"nobody-here\"" },
        { "run -u 0:nothing-here host true", 125, "no group is called \"nothing-here\"" },
        { "run -u 4294967296 host true", 125, "is not between 0 and" },
        { "run -e =x host true", 125, "invalid environment variable" },
        { "run --env-file /no/such host true", 125, "--env-file /no/such: no such file" },
        { "run --name ../x host true", 125, "invalid container name \"../x\"" },
        { "run --stop-signal 99 host true", 125, "invalid value \"99\" for --stop-signal" },
        { "run --runtime no-such-runtime host true", 125, "the runtime `no-such-runtime` is neither" },
        { "run -it host true", 1, "the input device is not a TTY" },
        { "logs --since yesterday nothing", 1, "invalid value \"yesterday\" for --since" },
        { "volume ls -f colour=red", 1, "invalid filter 'colour'" },
        { "load -i /etc/passwd", 1, "the archive cannot be unpacked: a header's checksum is wrong: it is no tar archive" },
        { "load -i /proc/self/comm", 1, "the archive cannot be unpacked: it is no tar archive" },
        { "load -i /dev/null", 1, "this is no archive of images" },
        { "run --restart sometimes host true", 125, "invalid value \"sometimes\" for --restart" },
        { "run --rm --restart always host true", 125, "--restart and --rm exclude each other" },
        { "run --log-driver syslog host true", 125, "there is no such log driver here" },
        { "run --log-opt max-size=0 host true", 125, "--log-opt max-size: it must be above zero" },
        { "run --log-opt labels-regex=( host true", 125, "--log-opt labels-regex=(: Unmatched (" },
        { "run --log-opt compress=true host true", 125, "the driver json-file knows no such option" },
        { "run --health-interval 1s host true", 125, "--health-interval needs --health-cmd" },
        { "run --health-cmd true --health-timeout soon host true", 125, "invalid value \"soon\" for --health-timeout" },
        { "run --detach-keys ctrl-1 host true", 125, "unknown key \"ctrl-1\"" },
        { "run --oom-score-adj 2000 host true", 125, "invalid value \"2000\" for --oom-score-adj" },
        { "exec", 1, "exec needs a container and a command" },
        { "exec nothing true", 1, "no such container: nothing" },
        { "exec -w x nothing true", 125, "it must be absolute" },
        { "kill nothing", 1, "no such container: nothing" },
        { "kill -s NOISE nothing", 125, "invalid signal: \"NOISE\"" },
        { "rm nothing", 1, "no such container: nothing" },
        { "frobnicate", 1, "unknown command: frobnicate" },
        { "generate pictures", 125, "generate makes man, bash, zsh, fish or markdown" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_wrong_line_gets_one_clear_error(string line, int exitCode, string message)
    {
        Outcome outcome = _cdock.Do(line.Split(' '));

        Assert.StartsWith("cdock: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(message, outcome.FirstError, StringComparison.Ordinal);
        Assert.True(outcome.Error.TrimEnd('\n').Split('\n') is [_] or [_, ['h', 'i', 'n', 't', ':', ..]], outcome.Error);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
        Assert.Empty(_cdock.Ids());
    }

    [Fact]
    public void A_near_miss_is_told() => Assert.Contains("hint: did you mean --memory?", _cdock.Do("run", "--memoy", "1m", "host").Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("volume")]
    [InlineData("system")]
    [InlineData("image")]
    [InlineData("container")]
    [InlineData("help")]
    [InlineData("help", "run")]
    [InlineData("-v")]
    public void Who_asks_what_there_is_is_told(params string[] words)
    {
        Outcome outcome = _cdock.Do(words);

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.NotEqual("", outcome.Output);
    }

    [Fact]
    public void With_force_what_is_not_there_is_told_and_no_failure()
    {
        Outcome container = _cdock.Do("rm", "-f", "nothing");
        Assert.Equal((0, "cdock: no such container: nothing"), (container.ExitCode, container.FirstError));
        Outcome image = _cdock.Do("rmi", "-f", "nothing");
        Assert.Equal((0, "cdock: no such image: nothing"), (image.ExitCode, image.FirstError));
        Assert.Equal(1, _cdock.Do("rmi", "nothing").ExitCode);
    }

    public void Dispose() => _cdock.Dispose();
}
