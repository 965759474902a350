using System.Collections.Immutable;
using Containerception.Oci;

namespace Containerception.Seccomp;

/// <summary>A rule of the profile, read and checked.</summary>
internal sealed record SeccompRule(ImmutableArray<string> Names, SeccompAction Action, ScmpArgCmp[] Conditions)
{
    // Conditions on one argument twice cannot be one rule of libseccomp. What runc makes of it, and profiles rely on, are alternatives.
    public bool HasAlternatives
    {
        get
        {
            uint seen = 0;
            foreach (ScmpArgCmp condition in Conditions)
            {
                if ((seen & (1u << (int)condition.Index)) != 0)
                {
                    return true;
                }

                seen |= 1u << (int)condition.Index;
            }

            return false;
        }
    }
}

/// <summary>Reads <c>linux.seccomp.syscalls</c>.</summary>
internal static class SeccompRules
{
    private const int ArgumentCount = 6;

    /// <summary>All rules, in the profile's order.</summary>
    /// <exception cref="ConfigException">One of them is wrong.</exception>
    public static List<SeccompRule> Read(string root, ImmutableArray<SeccompSyscall> syscalls)
    {
        List<SeccompRule> rules = new(syscalls.Length);
        for (int index = 0; index < syscalls.Length; index++)
        {
            rules.Add(Read($"{root}.syscalls[{index}]", syscalls[index]));
        }

        return rules;
    }

    private static SeccompRule Read(string field, SeccompSyscall syscall)
    {
        if (syscall.Names.IsEmpty || syscall.Names.Contains(""))
        {
            throw new ConfigException($"{field}.names", "must name a system call");
        }

        SeccompAction action = SeccompAction.Read($"{field}.action", syscall.Action, $"{field}.errnoRet", syscall.ErrnoRet);
        if (action.IsNotify && syscall.Names.Contains("write"))
        {
            // The process that loads the filter tells its parent about the listener, with write(2): nobody could answer.
            throw new ConfigException($"{field}.names", "SCMP_ACT_NOTIFY cannot be used for the write syscall");
        }

        return new(syscall.Names, action, ReadConditions(field, syscall.Args));
    }

    private static ScmpArgCmp[] ReadConditions(string field, ImmutableArray<SeccompArg> args)
    {
        ScmpArgCmp[] conditions = args.IsEmpty ? [] : new ScmpArgCmp[args.Length];
        for (int index = 0; index < conditions.Length; index++)
        {
            SeccompArg arg = args[index];
            if (arg.Index >= ArgumentCount)
            {
                throw new ConfigException($"{field}.args[{index}].index", $"must be 0 to {ArgumentCount - 1}, not {arg.Index}");
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
}
