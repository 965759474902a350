using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>crun's annotations, run.oci.*: those that are done, those that are refused, and those that nobody knows.</summary>
public sealed class AnnotationTests : ContainerTest
{
    private const string Ask = "4294967295";

    [Fact]
    public void One_that_nobody_knows_is_only_kept()
    {
        Annotate("run.oci.tomorrow", "1");
        Assert.Equal("1", StartDetached().At("annotations")["run.oci.tomorrow"]!.GetValue<string>());
        DeleteForced();
    }

    [Theory]
    [InlineData("run.oci.handler", "krun")]
    [InlineData("run.oci.handler", "wasm")]
    [InlineData("run.oci.seccomp.plugins", "/usr/lib/answer.so")]
    [InlineData("run.oci.seccomp.receiver", "relative")]
    [InlineData("run.oci.pidfd_receiver", "relative")]
    [InlineData("run.oci.seccomp_bpf_data", "no base64!")]
    [InlineData("run.oci.seccomp_bpf_data", "AAAA")]
    [InlineData("run.oci.hooks.stdout", "/no/such/directory/log")]
    public void One_that_cannot_be_done_is_refused_by_its_name(string name, string value)
    {
        Config.AddHook("prestart", "/bin/true");
        Annotate(name, value);
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("annotations." + name, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_handler_is_none()
    {
        Annotate("run.oci.handler", "");
        RunArgs("/bin/true").Succeeded();
    }

    [Fact]
    public void The_pidfd_receiver_receives_the_first_process()
    {
        using DescriptorSocket socket = new(Path.Combine(Scratch, "pidfd"));
        Annotate("run.oci.pidfd_receiver", socket.Path);
        int pid = StartDetached()["pid"]!.GetValue<int>();
        Assert.Equal(pid, socket.ReceivePidfd().Pid);
        DeleteForced();
    }

    [Fact]
    public void Hooks_write_where_they_are_told_to()
    {
        string stdout = Path.Combine(Scratch, "hooks.out");
        Annotate("run.oci.hooks.stdout", stdout);
        Annotate("run.oci.hooks.stderr", "hooks.err");
        string[] outside = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
        foreach (string kind in outside)
        {
            Config.AddHook(kind, "/bin/sh", "-c", $"echo {kind}; echo bad {kind} >&2");
        }

        Config.AddHook("startContainer", "/bin/sh", "-c", "echo startContainer");
        RunArgs("/bin/true").Succeeded();
        Assert.Equal([.. outside, "startContainer"], File.ReadAllLines(stdout).OrderBy(kind => Array.IndexOf([.. outside, "startContainer"], kind)));
        Assert.Equal(outside.Select(kind => "bad " + kind), File.ReadAllLines(Path.Combine(Bundle.Path, "hooks.err")));
    }

    [Fact]
    public void A_whole_filter_takes_the_place_of_the_profile()
    {
        // What the profile would do must not happen.
        Config.WithSeccomp("SCMP_ACT_ALLOW", new JsonObject { ["names"] = new JsonArray("personality"), ["action"] = "SCMP_ACT_ERRNO", ["errnoRet"] = 99 });
        Annotate("run.oci.seccomp_bpf_data", Convert.ToBase64String(
        [
            .. Instruction(0x20, 0, 0, 0),                       // ld [nr]
            .. Instruction(0x15, 0, 1, PersonalityNumber),       // jeq personality, else skip one
            .. Instruction(0x06, 0, 0, 0x00050000 | 55),         // ret ERRNO(55)
            .. Instruction(0x06, 0, 0, 0x7fff0000),              // ret ALLOW
        ]));
        StartDetached();
        Assert.Equal("55", Runtime.Invoke("exec", Id, "/bin/probe", "try-syscall", "personality", Ask).Succeeded());
        DeleteForced();
        Assert.Equal("55", Probe("try-syscall", "personality", Ask));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    public void A_call_that_nobody_knows_is_an_error_where_one_says_so(string? annotation, int status)
    {
        Config.WithSeccomp("SCMP_ACT_ALLOW", new JsonObject { ["names"] = new JsonArray("personality", "travel_in_time"), ["action"] = "SCMP_ACT_ERRNO" });
        if (annotation is not null)
        {
            Annotate("run.oci.seccomp_fail_unknown_syscall", annotation);
        }

        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(status, outcome.Status);
        Assert.Equal(status == 1, outcome.Message.Contains("linux.seccomp.syscalls[0].names: unknown system call: \"travel_in_time\"", StringComparison.Ordinal));
    }

    private static uint PersonalityNumber
        => System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? 92u : 135u;

    private static byte[] Instruction(ushort code, byte ifTrue, byte ifFalse, uint value)
        => [.. BitConverter.GetBytes(code), ifTrue, ifFalse, .. BitConverter.GetBytes(value)];

    private void Annotate(string name, string value)
    {
        JsonObject annotations = Config["annotations"] as JsonObject ?? [];
        annotations[name] = value;
        Config["annotations"] = annotations;
    }
}
