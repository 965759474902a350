using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class ProcessTests : ContainerTest
{
    [Fact]
    public void Standard_streams_that_the_caller_has_closed_are_the_null_device()
    {
        Config.SetWords("process.args", "/bin/sh", "-c", "readlink /proc/self/fd/0 && readlink /proc/self/fd/2");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["/bin/sh", "-c", "exec \"$@\" <&- 2>&-", "sh"], "run", "--bundle", Bundle.Path, Id);
        Assert.Equal("/dev/null\n/dev/null", run.Wait().Succeeded());
    }

    [Fact]
    public void Arguments_arrive_as_they_are()
        => Assert.Equal(["", "a b", "\"'$\\", "ünïcödé", "\n"], ProbeJson("args", "", "a b", "\"'$\\", "ünïcödé", "\n").Strings());

    [Fact]
    public void The_environment_is_the_configured_one()
    {
        Config.SetWords("process.env", "PATH=/bin", "EMPTY=", "A=b=c", "HOME=/tmp");
        Assert.Equal(["A=b=c", "EMPTY=", "HOME=/tmp", "PATH=/bin"], ProbeJson("env").Strings().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_a_variable_set_twice_the_last_holds()
    {
        Config.SetWords("process.env", "PATH=/bin", "A=1", "HOME=/", "A=2");
        Assert.Equal(["A=2"], ProbeJson("env").Strings().Where(entry => entry.StartsWith("A=", StringComparison.Ordinal)));
    }

    [Fact]
    public void Nothing_of_the_callers_environment_comes_in()
    {
        Runtime.Variables["SECRET"] = "of the host";
        Assert.DoesNotContain("SECRET=of the host", ProbeJson("env").Strings());
    }

    [Theory]
    [InlineData("root:x:0:0:root:/tmp:/bin/sh\n", "HOME=/tmp")]
    [InlineData("", "HOME=/")]
    public void Home_comes_from_the_containers_passwd_file(string passwd, string expected)
    {
        Config.SetWords("process.env", "PATH=/bin");
        File.WriteAllText(Bundle.InRoot("/etc/passwd"), passwd);
        Assert.Contains(expected, ProbeJson("env").Strings());
    }

    [Fact]
    public void A_thousand_variables_arrive()
    {
        Config.AddEnvironment(Enumerable.Range(0, 1000).Select(i => $"V{i}=value {i}"));
        Assert.Equal(1000, ProbeJson("env").Strings().Count(entry => entry.StartsWith('V')));
    }

    [Fact]
    public void The_program_is_looked_for_in_the_containers_path()
    {
        Config.SetWords("process.env", "PATH=/nowhere:/opt");
        Directory.CreateDirectory(Bundle.InRoot("/opt"));
        File.CreateSymbolicLink(Bundle.InRoot("/opt/hello"), "/bin/echo");
        Directory.CreateDirectory(Bundle.InRoot("/nowhere/hello"));
        // busybox goes by its name, and has no applet of that one; that it says so is proof enough.
        Assert.Contains("hello: applet not found", RunArgs("hello").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_program_is_relative_to_the_working_directory()
    {
        Config.Set("process.cwd", "/bin");
        Assert.Equal("here", RunArgs("./echo", "here").Succeeded());
    }

    [Fact]
    public void The_working_directory_is_the_configured_one()
    {
        Directory.CreateDirectory(Bundle.InRoot("/etc/deep/er"));
        Config.Set("process.cwd", "/etc/deep/er");
        Assert.Equal("/etc/deep/er", Probe("cwd"));
    }

    [Fact]
    public void A_missing_working_directory_is_made()
    {
        Config.Set("root.readonly", false);
        Config.Set("process.cwd", "/work/here");
        Assert.Equal("/work/here", Probe("cwd"));
    }

    [Fact]
    public void User_and_groups_are_the_configured_ones()
    {
        Config.Set("process.user", JsonNode.Parse("""{"uid": 1000, "gid": 2000, "additionalGids": [3000, 4000]}"""));
        JsonNode ids = ProbeJson("ids");
        Assert.All(ids["uid"]!.AsArray(), uid => Assert.Equal(1000, uid!.GetValue<int>()));
        Assert.All(ids["gid"]!.AsArray(), gid => Assert.Equal(2000, gid!.GetValue<int>()));
        Assert.Equal([3000, 4000], ids["groups"]!.AsArray().Select(group => group!.GetValue<int>()).Where(group => group != 2000));
    }

    [Fact]
    public void No_group_of_the_caller_comes_in()
    {
        Bundle.Save();
        Config.SetWords("process.args", "/bin/probe", "ids");
        Bundle.Save();
        using Command run = Runtime.StartThrough(["setpriv", "--groups", "7,8,9"], "run", "--bundle", Bundle.Path, Id);
        JsonNode ids = JsonNode.Parse(run.Wait().Succeeded())!;
        Assert.DoesNotContain(ids["groups"]!.AsArray(), group => group!.GetValue<int>() is 7 or 8 or 9);
    }

    [Theory]
    [InlineData(0x12, "0022")]
    [InlineData(0x3F, "0077")]
    [InlineData(0, "0000")]
    public void The_umask_is_the_configured_one(int umask, string expected)
    {
        Config.Set("process.user.umask", umask);
        Assert.Equal(expected, Probe("umask"));
    }

    [Fact]
    public void The_umask_is_0022_when_none_is_configured() => Assert.Equal("0022", Probe("umask"));

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(1000)]
    public void The_oom_score_is_the_configured_one(int score)
    {
        Config.Set("process.oomScoreAdj", score);
        Assert.Equal(score.ToString(System.Globalization.CultureInfo.InvariantCulture), Probe("oom"));
    }

    [Theory]
    [InlineData(true, "1")]
    [InlineData(false, "0")]
    public void No_new_privileges_is_as_configured(bool configured, string expected)
    {
        Config.Set("process.noNewPrivileges", configured);
        Assert.Equal(expected, Probe("nnp"));
    }

    [Theory]
    [InlineData("RLIMIT_CPU", "Max cpu time", 20)]
    [InlineData("RLIMIT_FSIZE", "Max file size", 1048576)]
    [InlineData("RLIMIT_DATA", "Max data size", 1073741824)]
    [InlineData("RLIMIT_STACK", "Max stack size", 1048576)]
    [InlineData("RLIMIT_CORE", "Max core file size", 0)]
    [InlineData("RLIMIT_RSS", "Max resident set", 1048576)]
    [InlineData("RLIMIT_NPROC", "Max processes", 5000)]
    [InlineData("RLIMIT_NOFILE", "Max open files", 99)]
    [InlineData("RLIMIT_MEMLOCK", "Max locked memory", 4096)]
    [InlineData("RLIMIT_AS", "Max address space", 1073741824)]
    [InlineData("RLIMIT_LOCKS", "Max file locks", 7)]
    [InlineData("RLIMIT_SIGPENDING", "Max pending signals", 8)]
    [InlineData("RLIMIT_MSGQUEUE", "Max msgqueue size", 9)]
    [InlineData("RLIMIT_NICE", "Max nice priority", 0)]
    [InlineData("RLIMIT_RTPRIO", "Max realtime priority", 0)]
    [InlineData("RLIMIT_RTTIME", "Max realtime timeout", 12)]
    public void A_resource_limit_is_set(string name, string shown, long value)
    {
        Config.Set("process.rlimits", new JsonArray(new JsonObject { ["type"] = name, ["soft"] = value, ["hard"] = value }));
        string[] words = Shell($"grep '^{shown}' /proc/self/limits").Succeeded()[shown.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string text = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal([text, text], words[..2]);
    }

    [Fact]
    public void A_soft_limit_may_be_lower_than_the_hard_one()
    {
        Config.Set("process.rlimits", JsonNode.Parse("""[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]"""));
        JsonNode limit = ProbeJson("rlimits")["RLIMIT_NOFILE"]!;
        Assert.Equal((100, 200), (limit["soft"]!.GetValue<int>(), limit["hard"]!.GetValue<int>()));
    }

    [Fact]
    public void A_limit_may_be_infinite()
    {
        Config.Set("process.rlimits", JsonNode.Parse("""[{"type": "RLIMIT_CORE", "soft": 18446744073709551615, "hard": 18446744073709551615}]"""));
        Assert.Equal(ulong.MaxValue, ProbeJson("rlimits")["RLIMIT_CORE"]!["hard"]!.GetValue<ulong>());
    }

    [Fact]
    public void Standard_input_reaches_the_process()
    {
        Config.SetWords("process.args", "/bin/cat");
        Bundle.Save();
        using Command run = new(Runtime.CommandLine("run", "--bundle", Bundle.Path, Id), input: "through the wall\n");
        Assert.Equal("through the wall", run.Wait().Succeeded());
    }

    [Fact]
    public void Output_and_errors_stay_apart()
    {
        Outcome outcome = Shell("echo out; echo err >&2");
        Assert.Equal("out\n", outcome.Output);
        Assert.Equal("err\n", outcome.Errors);
    }

    [Fact]
    public void The_scheduling_policy_is_the_configured_one()
    {
        Config.Set("process.scheduler", JsonNode.Parse("""{"policy": "SCHED_BATCH", "nice": 5}"""));
        JsonNode scheduling = ProbeJson("sched");
        Assert.Equal(3, scheduling["policy"]!.GetValue<int>());
        Assert.Equal(5, scheduling["nice"]!.GetValue<int>());
    }

    [Fact]
    public void No_signal_is_blocked()
        => Assert.Equal("SigBlk:\t0000000000000000", Shell("grep ^SigBlk /proc/self/status").Succeeded());

    [Fact]
    public void A_broken_pipe_ends_a_process()
    {
        // What the runtime ignores for itself, as the .NET runtime does SIGPIPE, the container would inherit.
        string ignored = Shell("grep ^SigIgn /proc/self/status").Succeeded().Split('\t')[1];
        Assert.Equal(0UL, ulong.Parse(ignored, System.Globalization.NumberStyles.HexNumber, null) >> (13 - 1) & 1);
    }

    [Fact]
    public void Annotations_are_kept()
    {
        Config.Set("annotations", JsonNode.Parse("""{"org.example.key": "value"}"""));
        JsonNode state = StartDetached();
        Assert.Equal("value", state.At("annotations")["org.example.key"]!.GetValue<string>());
        DeleteForced();
    }
}
