using System.Text.Json;
using Containerception.Oci;
using Containerception.Seccomp;
using Containerception.Seccomp.Tests;

namespace Containerception.Fuzz.Tests;

/// <summary>
/// Profiles, compiled with our tree of numbers and by libseccomp alone: both programs are run by an interpreter, and must say the same of every
/// call, of whatever machine, with whatever arguments.
/// </summary>
public sealed class SeccompFuzz
{
    private const int CallsTried = 120;

    private static readonly string[] Names =
    [
        "read", "write", "openat", "socket", "connect", "accept4", "ipc", "shmget", "semop", "getpid", "personality", "clone", "clone3", "mmap", "mmap2", "_llseek", "execve", "execveat",
        "openat2", "futex", "set_robust_list", "uretprobe", "nothing_such", "prctl", "ptrace", "send", "recv", "socketcall", "close_range", "mseal", "time", "clock_gettime64",
    ];

    private static readonly uint[] Architectures = [Interpreter.X86, Interpreter.X86_64, Interpreter.Aarch64, 0x1234];
    private static readonly ulong[] Values = [0, 1, 5, 6, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0005, ulong.MaxValue];

    [Fact]
    public void The_tree_says_what_libseccomp_says()
        => Campaign.Run("seccomp", Profile, static profile =>
        {
            (SeccompProgram? tree, string? refusal) = Compiled(profile, useNumberTree: true);
            (SeccompProgram? list, string? other) = Compiled(profile, useNumberTree: false);
            if (tree is null || list is null)
            {
                Assert.Equal(other, refusal);
                return;
            }

            Assert.Equal(list.Notifies, tree.Notifies);
            Random random = new(profile.Syscalls.Length);
            for (int i = 0; i < CallsTried; i++)
            {
                uint architecture = Architectures[random.Next(Architectures.Length)];
                uint number = (uint)random.Next(480) + (random.Next(6) == 0 ? 0x4000_0000u : 0);
                ulong[] arguments = [.. Enumerable.Range(0, 6).Select(_ => Values[random.Next(Values.Length)])];
                uint expected = Interpreter.Run(list, architecture, number, arguments);
                uint answer = Interpreter.Run(tree, architecture, number, arguments);
                Assert.True(expected == answer, $"0x{answer:x} for 0x{expected:x}: arch 0x{architecture:x}, call {number}, arguments {string.Join(' ', arguments)}");
            }
        }, static profile => JsonSerializer.Serialize(profile));

    private static (SeccompProgram? Program, string? Refusal) Compiled(SeccompConfig profile, bool useNumberTree)
    {
        try
        {
            return (SeccompCompiler.Compile(profile, useNumberTree, refuseUnknown: false), null);
        }
        catch (Exception refusal) when (refusal is ConfigException or SeccompException)
        {
            return (null, refusal.Message);
        }
    }

    private static SeccompConfig Profile(Choices choices) => new()
    {
        DefaultAction = choices.Of((string[])["SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG"]),
        DefaultErrnoRet = choices.Of((uint?[])[null, 38, 1]),
        ListenerPath = "/run/listener",
        Architectures = [.. ((string[])["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"]).Where(_ => choices.Below(2) == 1)],
        Syscalls = [.. Enumerable.Range(0, choices.Below(5)).Select(_ => Rule(choices))],
    };

    private static SeccompSyscall Rule(Choices choices) => new()
    {
        Names = [.. Enumerable.Range(0, 1 + choices.Below(4)).Select(_ => choices.Of(Names))],
        Action = choices.Of((string[])["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_TRAP", "SCMP_ACT_NOTIFY"]),
        ErrnoRet = choices.Of((uint?[])[null, 7]),
        Args = [.. Enumerable.Range(0, choices.Below(3)).Select(_ => new SeccompArg
        {
            Index = (uint)choices.Below(6),
            Value = choices.Of(Values),
            ValueTwo = choices.Of(Values),
            Op = choices.Of(SeccompNames.Operators),
        })],
    };
}
