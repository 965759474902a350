using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>personality(2) is the call under test: harmless, with an argument that a rule can look at (0xffffffff only asks).</summary>
public sealed class SeccompTests : ContainerTest
{
    private const string Ask = "4294967295";

    [Fact]
    public void An_errno_is_the_configured_one()
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void An_errno_is_eperm_when_none_is_configured()
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO"));
        Assert.Equal("1", Probe("try-syscall", "personality", Ask));
    }

    [Theory]
    [InlineData("SCMP_ACT_KILL")]
    [InlineData("SCMP_ACT_KILL_THREAD")]
    [InlineData("SCMP_ACT_KILL_PROCESS")]
    [InlineData("SCMP_ACT_TRAP")]
    public void A_deadly_action_is_deadly(string action)
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule(action));
        // Killing a thread of the probe would leave its others. SIGSYS is 31.
        Assert.Equal(128 + 31, RunArgs("/bin/busybox", "linux64", "/bin/true").Status);
    }

    [Theory]
    [InlineData("SECCOMP_FILTER_FLAG_TSYNC")]
    [InlineData("SECCOMP_FILTER_FLAG_LOG")]
    [InlineData("SECCOMP_FILTER_FLAG_SPEC_ALLOW")]
    [InlineData("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")]
    [InlineData("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW")]
    public void A_filter_with_flags_still_filters(params string[] flags)
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        Config.SetWords("linux.seccomp.flags", flags);
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Theory]
    [InlineData("SCMP_ACT_LOG")]
    [InlineData("SCMP_ACT_ALLOW")]
    public void A_harmless_action_lets_the_call_through(string action)
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule(action));
        Assert.Equal("ok", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void Tracing_without_a_tracer_is_enosys()
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_TRACE"));
        Assert.Equal("38", Probe("try-syscall", "personality", Ask));
    }

    [Theory]
    [InlineData("SCMP_CMP_EQ", 5, 0, "5", "4")]
    [InlineData("SCMP_CMP_NE", 5, 0, "4", "5")]
    [InlineData("SCMP_CMP_LT", 5, 0, "4", "5")]
    [InlineData("SCMP_CMP_LE", 5, 0, "5", "6")]
    [InlineData("SCMP_CMP_GT", 5, 0, "6", "5")]
    [InlineData("SCMP_CMP_GE", 5, 0, "5", "4")]
    [InlineData("SCMP_CMP_MASKED_EQ", 12, 8, "9", "12")]
    public void An_operator_compares_as_its_name_says(string op, ulong value, ulong second, string matching, string other)
    {
        // SCMP_CMP_MASKED_EQ: (argument & value) == valueTwo.
        JsonObject rule = Rule("SCMP_ACT_ERRNO", errno: 77);
        rule["args"] = new JsonArray(new JsonObject { ["index"] = 4, ["value"] = value, ["valueTwo"] = second, ["op"] = op });
        Config.WithSeccomp("SCMP_ACT_ALLOW", rule);
        Assert.Equal("77", Probe("try-syscall", "personality", Ask, "0", "0", "0", matching));
        Assert.Equal("ok", Probe("try-syscall", "personality", Ask, "0", "0", "0", other));
    }

    [Fact]
    public void Several_conditions_must_all_hold()
    {
        JsonObject rule = Rule("SCMP_ACT_ERRNO", errno: 77);
        rule["args"] = JsonNode.Parse("""[{"index": 4, "value": 5, "op": "SCMP_CMP_EQ"}, {"index": 5, "value": 6, "op": "SCMP_CMP_EQ"}]""");
        Config.WithSeccomp("SCMP_ACT_ALLOW", rule);
        Assert.Equal("77", Probe("try-syscall", "personality", Ask, "0", "0", "0", "5", "6"));
        Assert.Equal("ok", Probe("try-syscall", "personality", Ask, "0", "0", "0", "5", "7"));
    }

    [Fact]
    public void The_default_action_has_an_errno_of_its_own()
    {
        Config.WithSeccomp("SCMP_ACT_ERRNO", AllowEverythingBut("personality"));
        Config.Set("linux.seccomp.defaultErrnoRet", 99);
        Assert.Equal("99", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void The_process_runs_filtered()
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO"));
        Assert.Equal("2", Probe("seccomp"));
    }

    [Fact]
    public void Without_a_profile_there_is_no_filter() => Assert.Equal("0", Probe("seccomp"));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_works_with_and_without_no_new_privileges(bool noNewPrivileges)
    {
        Config.Set("process.noNewPrivileges", noNewPrivileges);
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void An_ordinary_user_without_capabilities_is_filtered_too()
    {
        Config.Set("process.user", JsonNode.Parse("""{"uid": 1000, "gid": 1000}"""));
        Config.Set("process.capabilities", new JsonObject());
        Config.Set("process.noNewPrivileges", false);
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void A_call_that_this_kernel_does_not_know_is_passed_over()
    {
        JsonObject rule = Rule("SCMP_ACT_ERRNO", errno: 77);
        rule["names"] = new JsonArray("no_such_call_in_this_world", "personality");
        Config.WithSeccomp("SCMP_ACT_ALLOW", rule);
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Theory]
    [InlineData("SECCOMP_FILTER_FLAG_LOG")]
    [InlineData("SECCOMP_FILTER_FLAG_SPEC_ALLOW")]
    [InlineData("SECCOMP_FILTER_FLAG_TSYNC")]
    public void A_filter_flag_is_taken(string flag)
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        Config.Set("linux.seccomp.flags", new JsonArray(flag));
        Assert.Equal("77", Probe("try-syscall", "personality", Ask));
    }

    [Fact]
    public void Exec_is_filtered_too()
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", errno: 77));
        StartDetached();
        Assert.Equal("77", Runtime.Invoke("exec", Id, "/bin/probe", "try-syscall", "personality", Ask).Succeeded());
        DeleteForced();
    }

    private static JsonObject Rule(string action, int? errno = null)
    {
        JsonObject rule = new() { ["names"] = new JsonArray("personality"), ["action"] = action };
        if (errno is { } number)
        {
            rule["errnoRet"] = number;
        }

        return rule;
    }

    /// <summary>Every call that the kernel's header has a number for.</summary>
    private static JsonObject AllowEverythingBut(string name) => new()
    {
        ["names"] = File.ReadLines(Directory.GetFiles("/usr/include", "unistd_64.h", SearchOption.AllDirectories)[0])
            .Where(line => line.StartsWith("#define __NR_", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[1]["__NR_".Length..])
            .Where(call => call != name)
            .ToJson(),
        ["action"] = "SCMP_ACT_ALLOW",
    };
}
