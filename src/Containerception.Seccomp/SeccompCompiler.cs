using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Seccomp;

/// <summary>Turns a profile into the program that the kernel runs before every system call. runtime-spec, config-linux.md, "Seccomp".</summary>
public static class SeccompCompiler
{
    private const string Root = "linux.seccomp";

    // linux/filter.h.
    private const int BpfMaxInstructions = 4096;

    private const int ArgumentCount = 6;

    // A shorter list is as fast as a tree, and libseccomp 2.5.4 writes a broken program for a tree without rules.
    private const int BinaryTreeRulesMin = 16;

    /// <summary>Compiles a profile. Loads nothing.</summary>
    /// <exception cref="ConfigException">The profile is wrong; the message names the field.</exception>
    /// <exception cref="SeccompException">libseccomp cannot do that, or not on this machine.</exception>
    public static SeccompProgram Compile(SeccompConfig config)
    {
        SeccompFilterFlags flags = ReadFlags(config);
        SeccompAction defaultAction = SeccompAction.Read(
            $"{Root}.defaultAction", config.DefaultAction, $"{Root}.defaultErrnoRet", config.DefaultErrnoRet);
        if (defaultAction.IsNotify)
        {
            // The listener itself would have to be asked whether it may be handed over.
            throw new ConfigException($"{Root}.defaultAction", "SCMP_ACT_NOTIFY cannot be the default action");
        }

        using LibSeccomp filter = new(defaultAction.Value);
        List<uint> architectures = AddArchitectures(filter, config);
        List<NewRule> newRules = [];
        bool notifies = AddRules(filter, config, defaultAction, newRules);
        if (notifies && string.IsNullOrEmpty(config.ListenerPath))
        {
            throw new ConfigException($"{Root}.listenerPath", "SCMP_ACT_NOTIFY needs a listener");
        }

        bool refuseNewer = !defaultAction.LetsThrough && defaultAction != SeccompAction.FailWith(Errno.ENOSYS);
        byte[] program = Export(filter);
        if (refuseNewer || newRules.Count > 0)
        {
            program = MakePrologue(config, architectures, newRules, refuseNewer).Before(program);
        }

        if (program.Length / SeccompProgram.InstructionSize > BpfMaxInstructions)
        {
            throw new ConfigException($"{Root}.syscalls",
                $"needs {program.Length / SeccompProgram.InstructionSize} instructions; the kernel takes {BpfMaxInstructions}");
        }

        // seccomp(2): EINVAL for the wait flag of a filter that never notifies.
        return new(program, notifies ? flags : flags & ~SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, notifies);
    }

    private static SeccompFilterFlags ReadFlags(SeccompConfig config)
    {
        SeccompFilterFlags flags = SeccompFilterFlags.None;
        for (int index = 0; index < config.Flags.Length; index++)
        {
            flags |= config.Flags[index] switch
            {
                "SECCOMP_FILTER_FLAG_TSYNC" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC,
                "SECCOMP_FILTER_FLAG_LOG" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_LOG,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                string other => throw new ConfigException($"{Root}.flags[{index}]", $"no such flag: \"{other}\""),
            };
        }

        return flags;
    }

    /// <returns>libseccomp's numbers of all architectures of the filter. The machine's own is always one, as in runc.</returns>
    private static List<uint> AddArchitectures(LibSeccomp filter, SeccompConfig config)
    {
        List<uint> architectures = [LibSeccomp.NativeArchitecture];
        for (int index = 0; index < config.Architectures.Length; index++)
        {
            string name = config.Architectures[index];
            uint architecture = SeccompNames.Architecture($"{Root}.architectures[{index}]", name);
            if (filter.AddArchitecture(architecture, name))
            {
                architectures.Add(architecture);
            }
        }

        return architectures;
    }

    /// <returns>Whether a rule asks the listener.</returns>
    private static bool AddRules(LibSeccomp filter, SeccompConfig config, SeccompAction defaultAction, List<NewRule> newRules)
    {
        bool notifies = false;
        if (config.Syscalls.Sum(static rule => rule.Names.Length) >= BinaryTreeRulesMin)
        {
            filter.UseBinaryTree();
        }

        for (int index = 0; index < config.Syscalls.Length; index++)
        {
            SeccompSyscall rule = config.Syscalls[index];
            string field = $"{Root}.syscalls[{index}]";
            SeccompAction action = SeccompAction.Read($"{field}.action", rule.Action, $"{field}.errnoRet", rule.ErrnoRet);
            ReadOnlySpan<ScmpArgCmp> conditions = ReadConditions(field, rule.Args);
            if (rule.Names.IsEmpty)
            {
                throw new ConfigException($"{field}.names", "must name a system call");
            }

            // What happens anyway needs no rule, and libseccomp refuses it.
            if (action == defaultAction)
            {
                continue;
            }

            if (action.IsNotify && rule.Names.Contains("write"))
            {
                // The process that loads the filter tells the parent about the listener, with write(2).
                throw new ConfigException($"{field}.names", "SCMP_ACT_NOTIFY cannot be used for the write system call");
            }

            notifies |= action.IsNotify;
            foreach (string name in rule.Names)
            {
                AddRule(filter, action, field, name, conditions, newRules);
            }
        }

        return notifies;
    }

    private static void AddRule(
        LibSeccomp filter, SeccompAction action, string field, string name, ReadOnlySpan<ScmpArgCmp> conditions, List<NewRule> newRules)
    {
        if (name.Length == 0)
        {
            throw new ConfigException($"{field}.names", "a system call without a name");
        }

        if (LibSeccomp.Resolve(name) is not { } number)
        {
            // Unknown names are left out, as the specification's callers expect: profiles name calls of other kernels and architectures.
            // A rule with conditions for a call that only we know would need code of our own; leaving it out means the default action.
            if (conditions.IsEmpty && NewSyscalls.Resolve(name) is { } newNumber && !newRules.Exists(rule => rule.Number == newNumber))
            {
                newRules.Add(new(newNumber, action));
            }

            return;
        }

        if (!HasTwoOnOneArgument(conditions))
        {
            filter.AddRule(action.Value, number, name, conditions);
            return;
        }

        // libseccomp cannot hold two conditions on one argument in one rule. What runc makes of it, and profiles rely on, are alternatives.
        for (int index = 0; index < conditions.Length; index++)
        {
            filter.AddRule(action.Value, number, name, conditions.Slice(index, 1));
        }
    }

    private static ScmpArgCmp[] ReadConditions(string field, ImmutableArray<SeccompArg> args)
    {
        ScmpArgCmp[] conditions = args.IsEmpty ? [] : new ScmpArgCmp[args.Length];
        for (int index = 0; index < conditions.Length; index++)
        {
            SeccompArg arg = args[index];
            if (arg.Index >= ArgumentCount)
            {
                throw new ConfigException($"{field}.args[{index}].index", $"a system call has arguments 0 to {ArgumentCount - 1}, not {arg.Index}");
            }

            conditions[index] = new()
            {
                Index = arg.Index,
                Operator = SeccompNames.Operator($"{field}.args[{index}].op", arg.Op),
                ValueA = arg.Value,
                ValueB = arg.ValueTwo,
            };
        }

        return conditions;
    }

    private static bool HasTwoOnOneArgument(ReadOnlySpan<ScmpArgCmp> conditions)
    {
        uint seen = 0;
        foreach (ScmpArgCmp condition in conditions)
        {
            if ((seen & (1u << (int)condition.Index)) != 0)
            {
                return true;
            }

            seen |= 1u << (int)condition.Index;
        }

        return false;
    }

    private static byte[] Export(LibSeccomp filter)
    {
        using SafeFileHandle file = MemoryFiles.Create("seccomp");
        filter.Export(file);

        MemoryFiles.Rewind(file);
        return FileContents.ReadAll(file, BpfMaxInstructions * SeccompProgram.InstructionSize);
    }

    private static Prologue MakePrologue(SeccompConfig config, List<uint> architectures, List<NewRule> newRules, bool refuseNewer)
    {
        Prologue prologue = new(newRules, refuseNewer);
        foreach (uint architecture in architectures)
        {
            if (architecture is not (AuditArch.X86_64 or AuditArch.X32))
            {
                prologue.Add(architecture, HighestNumber(architecture, config));
            }
        }

        bool plain = architectures.Contains(AuditArch.X86_64);
        bool x32 = architectures.Contains(AuditArch.X32);
        if (plain || x32)
        {
            prologue.AddX86(
                plain ? HighestNumber(AuditArch.X86_64, config) : null,
                x32 ? HighestNumber(AuditArch.X32, config) : null);
        }

        return prologue;
    }

    private static uint HighestNumber(uint architecture, SeccompConfig config)
    {
        uint highest = NewSyscalls.Base(architecture);
        foreach (SeccompSyscall rule in config.Syscalls)
        {
            foreach (string name in rule.Names)
            {
                if (LibSeccomp.Resolve(architecture, name) is { } number)
                {
                    highest = Math.Max(highest, (uint)number);
                }
            }
        }

        return highest;
    }
}
