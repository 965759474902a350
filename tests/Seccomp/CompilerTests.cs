using System.Runtime.InteropServices;
using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Seccomp.Tests;

public sealed class CompilerTests
{
    private const uint Allow = 0x7FFF_0000;
    private const uint FailWithEperm = 0x0005_0001;
    private const uint FailWithEnosys = 0x0005_0026;

    // x86-64.
    private const uint Read = 0;
    private const uint Getpid = 39;
    private const uint Socket = 41;
    private const uint Personality = 135;

    [Theory]
    [InlineData("SCMP_ACT_ALLOW", null, 0x7FFF_0000u)]
    [InlineData("SCMP_ACT_LOG", null, 0x7FFC_0000u)]
    [InlineData("SCMP_ACT_KILL", null, 0x0000_0000u)]
    [InlineData("SCMP_ACT_KILL_THREAD", null, 0x0000_0000u)]
    [InlineData("SCMP_ACT_KILL_PROCESS", null, 0x8000_0000u)]
    [InlineData("SCMP_ACT_TRAP", null, 0x0003_0000u)]
    [InlineData("SCMP_ACT_NOTIFY", null, 0x7FC0_0000u)]
    [InlineData("SCMP_ACT_ERRNO", null, 0x0005_0001u)]
    [InlineData("SCMP_ACT_ERRNO", 38u, 0x0005_0026u)]
    [InlineData("SCMP_ACT_ERRNO", 0u, 0x0005_0000u)]
    [InlineData("SCMP_ACT_TRACE", null, 0x7FF0_0001u)]
    [InlineData("SCMP_ACT_TRACE", 0xFFFFu, 0x7FF0_FFFFu)]
    public void Every_action_is_what_the_kernel_calls_it(string action, uint? errno, uint expected)
    {
        SeccompConfig config = new()
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = 77,
            ListenerPath = "/run/listener",
            Syscalls = [new() { Names = ["getpid", "personality"], Action = action, ErrnoRet = errno }, Conditional("socket", action, errno)],
        };

        SeccompProgram program = SeccompCompiler.Compile(config);

        Assert.Equal(expected, Interpreter.Run(program, Interpreter.X86_64, Getpid));
        Assert.Equal(expected, Interpreter.Run(program, Interpreter.X86_64, Socket, 5));
        Assert.Equal(0x0005_0000u | 77, Interpreter.Run(program, Interpreter.X86_64, Socket, 6));
        Assert.Equal(0x0005_0000u | 77, Interpreter.Run(program, Interpreter.X86_64, Read));
        Assert.Equal(action == "SCMP_ACT_NOTIFY", program.Notifies);
    }

    [Theory]
    [InlineData("SCMP_CMP_NE", 4, 5, 5)]
    [InlineData("SCMP_CMP_LT", 4, 5, 5)]
    [InlineData("SCMP_CMP_LE", 5, 6, 5)]
    [InlineData("SCMP_CMP_EQ", 5, 6, 5)]
    [InlineData("SCMP_CMP_GE", 5, 4, 5)]
    [InlineData("SCMP_CMP_GT", 6, 5, 5)]
    [InlineData("SCMP_CMP_NE", 0x1_0000_0000, 0, 0)]
    [InlineData("SCMP_CMP_EQ", 0x7_0000_0005, 5, 0x7_0000_0005)]
    [InlineData("SCMP_CMP_GT", 0x2_0000_0000, 0x1_FFFF_FFFF, 0x1_FFFF_FFFF)]
    [InlineData("SCMP_CMP_MASKED_EQ", 0x1F, 0x1E, 0x0F, 0x0F)]
    public void Every_operator_compares_all_64_bits(string op, long matches, long doesNot, ulong value, ulong valueTwo = 0)
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(new SeccompSyscall
        {
            Names = ["personality"],
            Action = "SCMP_ACT_ALLOW",
            Args = [new() { Index = 3, Op = op, Value = value, ValueTwo = valueTwo }],
        }));

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, Personality, 0, 0, 0, (ulong)matches));
        Assert.Equal(FailWithEperm, Interpreter.Run(program, Interpreter.X86_64, Personality, 0, 0, 0, (ulong)doesNot));
    }

    [Fact]
    public void Conditions_on_two_arguments_must_both_hold_and_two_on_one_are_alternatives()
    {
        SeccompProgram both = SeccompCompiler.Compile(Deny(new SeccompSyscall
        {
            Names = ["socket"],
            Action = "SCMP_ACT_ALLOW",
            Args = [new() { Index = 0, Op = "SCMP_CMP_EQ", Value = 1 }, new() { Index = 1, Op = "SCMP_CMP_EQ", Value = 2 }],
        }));
        SeccompProgram either = SeccompCompiler.Compile(Deny(new SeccompSyscall
        {
            Names = ["socket"],
            Action = "SCMP_ACT_ALLOW",
            Args = [new() { Index = 0, Op = "SCMP_CMP_EQ", Value = 1 }, new() { Index = 0, Op = "SCMP_CMP_EQ", Value = 2 }],
        }));

        Assert.Equal(Allow, Interpreter.Run(both, Interpreter.X86_64, Socket, 1, 2));
        Assert.Equal(FailWithEperm, Interpreter.Run(both, Interpreter.X86_64, Socket, 1, 3));
        Assert.Equal(Allow, Interpreter.Run(either, Interpreter.X86_64, Socket, 1));
        Assert.Equal(Allow, Interpreter.Run(either, Interpreter.X86_64, Socket, 2));
        Assert.Equal(FailWithEperm, Interpreter.Run(either, Interpreter.X86_64, Socket, 3));
    }

    [Fact]
    public void A_call_newer_than_the_profile_does_not_exist_and_an_older_one_is_denied()
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(Allowing("read", "statx")));

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, 332));
        Assert.Equal(FailWithEperm, Interpreter.Run(program, Interpreter.X86_64, 331));
        Assert.Equal(FailWithEnosys, Interpreter.Run(program, Interpreter.X86_64, 333));
        Assert.Equal(FailWithEnosys, Interpreter.Run(program, Interpreter.X86_64, 9999));
    }

    [Theory]
    [InlineData("SCMP_ACT_ALLOW", 0x7FFF_0000u)]
    [InlineData("SCMP_ACT_LOG", 0x7FFC_0000u)]
    [InlineData("SCMP_ACT_TRACE", 0x7FF0_0001u)]
    public void A_default_that_lets_through_lets_newer_calls_through_too(string defaultAction, uint expected)
    {
        SeccompConfig config = new() { DefaultAction = defaultAction, Syscalls = [new() { Names = ["read"], Action = "SCMP_ACT_ERRNO" }] };

        Assert.Equal(expected, Interpreter.Run(SeccompCompiler.Compile(config), Interpreter.X86_64, 9999));
    }

    [Fact]
    public void Calls_that_libseccomp_is_too_old_for_are_served()
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(Allowing("read", "fchmodat2", "mseal")));

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, 452));
        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, 462));
        Assert.Equal(FailWithEperm, Interpreter.Run(program, Interpreter.X86_64, 453));
        Assert.Equal(FailWithEnosys, Interpreter.Run(program, Interpreter.X86_64, 463));
    }

    [Fact]
    public void Names_that_nobody_knows_are_left_out()
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(Allowing("read", "no_such_call")));

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, Read));
    }

    [Fact]
    public void A_rule_that_says_what_the_default_says_changes_nothing()
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(
            new SeccompSyscall { Names = ["getpid"], Action = "SCMP_ACT_ERRNO" }, Allowing("getpid", "statx")));

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, Getpid));
    }

    [Fact]
    public void Socket_calls_of_32_bit_programs_are_seen_through_socketcall()
    {
        const uint Socketcall = 102;
        SeccompConfig config = Deny(Allowing("socket", "read", "statx")) with { Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"] };

        SeccompProgram program = SeccompCompiler.Compile(config);

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86, Socketcall, 1));
        Assert.Equal(FailWithEperm, Interpreter.Run(program, Interpreter.X86, Socketcall, 2));
        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86, 359));
        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, Socket));
    }

    [Fact]
    public void An_architecture_that_is_not_in_the_filter_is_killed()
    {
        SeccompProgram program = SeccompCompiler.Compile(Deny(Allowing("read")));

        Assert.Equal(0u, Interpreter.Run(program, Interpreter.X86, Read));
        Assert.Equal(0u, Interpreter.Run(program, Interpreter.X86_64, 0x4000_0000));
    }

    [Theory]
    [InlineData("SCMP_ARCH_X86")]
    [InlineData("SCMP_ARCH_X86_64")]
    [InlineData("SCMP_ARCH_X32")]
    [InlineData("SCMP_ARCH_ARM")]
    [InlineData("SCMP_ARCH_AARCH64")]
    [InlineData("SCMP_ARCH_MIPSEL")]
    [InlineData("SCMP_ARCH_MIPSEL64")]
    [InlineData("SCMP_ARCH_MIPSEL64N32")]
    [InlineData("SCMP_ARCH_PPC64LE")]
    [InlineData("SCMP_ARCH_RISCV64")]
    public void Every_architecture_of_this_byte_order_can_be_added(string architecture)
    {
        SeccompConfig config = Deny(Allowing("read", "openat", "fchmodat2"), Conditional("socket", "SCMP_ACT_ALLOW", null))
            with
        { Architectures = [architecture] };

        SeccompProgram program = SeccompCompiler.Compile(config);

        Assert.Equal(Allow, Interpreter.Run(program, Interpreter.X86_64, Read));
        if (architecture == "SCMP_ARCH_AARCH64")
        {
            Assert.Equal(Allow, Interpreter.Run(program, Interpreter.Aarch64, 63));
            Assert.Equal(Allow, Interpreter.Run(program, Interpreter.Aarch64, 452));
        }
    }

    [Theory]
    [InlineData("SCMP_ARCH_MIPS")]
    [InlineData("SCMP_ARCH_MIPS64")]
    [InlineData("SCMP_ARCH_MIPS64N32")]
    [InlineData("SCMP_ARCH_PARISC")]
    [InlineData("SCMP_ARCH_PARISC64")]
    [InlineData("SCMP_ARCH_PPC")]
    [InlineData("SCMP_ARCH_PPC64")]
    [InlineData("SCMP_ARCH_S390")]
    [InlineData("SCMP_ARCH_S390X")]
    public void An_architecture_of_the_other_byte_order_is_refused_with_the_reason(string architecture)
    {
        SeccompException refusal = Assert.Throws<SeccompException>(
            () => SeccompCompiler.Compile(Deny(Allowing("read")) with { Architectures = [architecture] }));

        Assert.Contains(architecture, refusal.Message);
        Assert.EndsWith("one filter cannot hold architectures of both byte orders", refusal.Message);
    }

    [Fact]
    public void Flags_that_are_not_said_are_the_default_and_none_is_none()
    {
        SeccompConfig config = Deny(Allowing("read"));

        Assert.Equal(SeccompFilterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW, SeccompCompiler.Compile(config).Flags);
        Assert.Equal(SeccompFilterFlags.None, SeccompCompiler.Compile(config with { Flags = [] }).Flags);
        Assert.Equal(
            SeccompFilterFlags.SECCOMP_FILTER_FLAG_LOG | SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC,
            SeccompCompiler.Compile(config with { Flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"] }).Flags);
    }

    [Fact]
    public void Waiting_killably_needs_somebody_to_wait_for()
        => Assert.Equal(SeccompFilterFlags.None,
            SeccompCompiler.Compile(Deny(Allowing("read")) with { Flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] }).Flags);

    /// <summary>The number tree is ours; without it libseccomp does all. They must never disagree.</summary>
    [Theory]
    [InlineData("SCMP_ACT_ERRNO", 12)]
    [InlineData("SCMP_ACT_ALLOW", 120)]
    [InlineData("SCMP_ACT_KILL_PROCESS", 300)]
    public void The_tree_says_what_libseccomp_says(string defaultAction, int names)
    {
        string[] known = KnownNames();
        string[] actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"];
        Random random = new(names);
        List<SeccompSyscall> rules = [];
        foreach (string name in random.GetItems(known, names).Distinct())
        {
            string action = actions[random.Next(actions.Length)];
            rules.Add(random.Next(8) == 0 ? Conditional(name, action, null) : new() { Names = [name], Action = action });
        }

        SeccompConfig config = new()
        {
            DefaultAction = defaultAction,
            Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"],
            Syscalls = [.. rules],
        };
        SeccompProgram tree = SeccompCompiler.Compile(config);
        SeccompProgram list = SeccompCompiler.Compile(config, useNumberTree: false, refuseUnknown: false);

        foreach (uint architecture in new[] { Interpreter.X86, Interpreter.X86_64, Interpreter.Aarch64 })
        {
            foreach (uint start in new uint[] { 0, 0x4000_0000 })
            {
                for (uint number = start; number < start + 560; number++)
                {
                    foreach (ulong argument in new ulong[] { 0, 5, 6 })
                    {
                        Assert.True(
                            Interpreter.Run(list, architecture, number, argument) == Interpreter.Run(tree, architecture, number, argument),
                            $"arch 0x{architecture:x}, call {number}, argument {argument}");
                    }
                }
            }
        }
    }

    /// <summary>A list of libseccomp 2.5.4 compares the architecture with the number then, and every condition is lost.</summary>
    [Theory]
    [InlineData("SCMP_ARCH_X32", Interpreter.X86_64, 39)]
    [InlineData("SCMP_ARCH_AARCH64", Interpreter.X86, 20)]
    public void A_condition_holds_beside_a_call_that_only_other_machines_have(string second, uint architecture, uint getpid)
    {
        SeccompProgram program = SeccompCompiler.Compile(new()
        {
            DefaultAction = "SCMP_ACT_KILL_PROCESS",
            Architectures = ["SCMP_ARCH_X86", second],
            Syscalls =
            [
                new() { Names = ["getpid"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 7, Args = [new() { Index = 4, Value = 5, Op = "SCMP_CMP_NE" }] },
                new() { Names = ["socketcall", "recv", "send"], Action = "SCMP_ACT_ALLOW" },
            ],
        });
        Assert.Equal(0x50007u, Interpreter.Run(program, architecture, getpid, 0, 0, 0, 0, 6));
        Assert.Equal(0x80000000u, Interpreter.Run(program, architecture, getpid, 0, 0, 0, 0, 5));
    }

    [Fact]
    public void The_kernel_takes_the_program_and_obeys_it()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        SeccompProgram program = SeccompCompiler.Compile(new()
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls = [new() { Names = ["personality"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 77 }],
        });
        Exception? failure = null;

        // A filter is for good, and a thread's own.
        Thread thread = new(() =>
        {
            try
            {
                SeccompCalls.SetFilter(MemoryMarshal.Cast<byte, SockFilter>(program.Instructions.Span), program.Flags);
                Personalities.Get();
            }
            catch (LinuxException exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();

        Assert.Equal((Errno)77, Assert.IsType<LinuxException>(failure).Errno);
    }

    // "#define __NR_getpid 39" of the machine's headers.
    private static string[] KnownNames()
    {
        const string Prefix = "#define __NR_";
        return [.. File.ReadLines("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
            .Where(line => line.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(line => line[Prefix.Length..].Split(' ')[0])];
    }

    private static SeccompConfig Deny(params SeccompSyscall[] rules) => new() { DefaultAction = "SCMP_ACT_ERRNO", Syscalls = [.. rules] };

    private static SeccompSyscall Allowing(params string[] names) => new() { Names = [.. names], Action = "SCMP_ACT_ALLOW" };

    private static SeccompSyscall Conditional(string name, string action, uint? errno) => new()
    {
        Names = [name],
        Action = action,
        ErrnoRet = errno,
        Args = [new() { Index = 0, Op = "SCMP_CMP_EQ", Value = 5 }],
    };
}
