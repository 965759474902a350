using Containerception.Oci;

namespace Containerception.Seccomp.Tests;

public sealed class ErrorTests
{
    private static readonly SeccompConfig Good = new()
    {
        DefaultAction = "SCMP_ACT_ERRNO",
        Syscalls = [new() { Names = ["read"], Action = "SCMP_ACT_ALLOW" }],
    };

    [Fact]
    public void Every_mistake_is_named_with_its_field()
    {
        Fails(Good with { DefaultAction = "SCMP_ACT_NONE" }, "linux.seccomp.defaultAction: no such action: \"SCMP_ACT_NONE\"");
        Fails(Good with { DefaultAction = "SCMP_ACT_NOTIFY" }, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action");
        Fails(Good with { DefaultAction = "SCMP_ACT_KILL", DefaultErrnoRet = 1 }, "linux.seccomp.defaultErrnoRet: SCMP_ACT_KILL has no number to return");
        Fails(Good with { DefaultErrnoRet = 4096 }, "linux.seccomp.defaultErrnoRet: SCMP_ACT_ERRNO can return 0 to 4095, not 4096");
        Fails(Good with { Architectures = ["SCMP_ARCH_VAX"] }, "linux.seccomp.architectures[0]: libseccomp 2.5.4 knows no such architecture: \"SCMP_ARCH_VAX\"");
        Fails(Good with { Flags = ["SECCOMP_FILTER_FLAG_FAST"] }, "linux.seccomp.flags[0]: no such flag: \"SECCOMP_FILTER_FLAG_FAST\"");
        FailsRule(new() { Names = [], Action = "SCMP_ACT_ALLOW" }, "linux.seccomp.syscalls[0].names: must name a system call");
        FailsRule(new() { Names = ["read", ""], Action = "SCMP_ACT_ALLOW" }, "linux.seccomp.syscalls[0].names: must name a system call");
        FailsRule(new() { Names = ["read"], Action = "ALLOW" }, "linux.seccomp.syscalls[0].action: no such action: \"ALLOW\"");
        FailsRule(new() { Names = ["read"], Action = "SCMP_ACT_ALLOW", ErrnoRet = 1 }, "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_ALLOW has no number to return");
        FailsRule(new() { Names = ["write"], Action = "SCMP_ACT_NOTIFY" }, "linux.seccomp.syscalls[0].names: SCMP_ACT_NOTIFY cannot be used for the write syscall");
        FailsRule(new() { Names = ["read"], Action = "SCMP_ACT_NOTIFY" }, "linux.seccomp.listenerPath: is required by SCMP_ACT_NOTIFY");
        FailsRule(new() { Names = ["read"], Action = "SCMP_ACT_ALLOW", Args = [new() { Index = 6, Op = "SCMP_CMP_EQ" }] },
            "linux.seccomp.syscalls[0].args[0].index: must be 0 to 5, not 6");
        FailsRule(new() { Names = ["read"], Action = "SCMP_ACT_ALLOW", Args = [new() { Index = 0, Op = "==" }] },
            "linux.seccomp.syscalls[0].args[0].op: no such operator: \"==\"");
    }

    [Fact]
    public void Every_name_that_features_lists_is_understood()
    {
        Assert.All(SeccompNames.Operators, name => SeccompNames.Operator("", name));
        Assert.All(SeccompNames.Architectures, name => SeccompNames.Architecture("", name));
        Assert.All(SeccompNames.Flags, name => SeccompNames.Flag("", name));
        Assert.All(SeccompNames.Actions, name => SeccompAction.Read("", name, "", null));
        Assert.Contains("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SeccompNames.SupportedFlags);
        Assert.Matches(@"^2\.\d+\.\d+$", SeccompNames.LibraryVersion);
    }

    private static void FailsRule(SeccompSyscall rule, string message) => Fails(Good with { Syscalls = [rule] }, message);

    private static void Fails(SeccompConfig config, string message)
        => Assert.Equal(message, Assert.Throws<ConfigException>(() => SeccompCompiler.Compile(config)).Message);
}
