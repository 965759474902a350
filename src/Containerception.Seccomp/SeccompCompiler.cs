using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Seccomp;

/// <summary>Turns a profile into the program that the kernel runs before every system call. runtime-spec, config-linux.md, "Seccomp".</summary>
public static class SeccompCompiler
{
    private const string Root = "linux.seccomp";

    // A shorter list is as fast as a tree, and libseccomp 2.5.4 writes a broken program for a tree without rules.
    private const int BinaryTreeRulesMin = 32;

    // More than the kernel takes, so that the error can say how much it is.
    private const int ProgramBytesMax = 1 << 20;

    /// <summary>Compiles a profile. Loads nothing.</summary>
    /// <exception cref="ConfigException">The profile is wrong; the message names the field.</exception>
    /// <exception cref="SeccompException">libseccomp cannot do that, or not on this machine.</exception>
    /// <param name="config">The profile.</param>
    /// <param name="refuseUnknown">A call that neither libseccomp nor this program knows is an error; else it is left out.</param>
    public static SeccompProgram Compile(SeccompConfig config, bool refuseUnknown = false) => Compile(config, useNumberTree: true, refuseUnknown);

    /// <summary>A program that somebody else has compiled. The kernel checks it: seccomp(2).</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static SeccompProgram Take(byte[] instructions, SeccompConfig? config)
    {
        int length = instructions.Length / SeccompProgram.InstructionSize;
        return instructions.Length % SeccompProgram.InstructionSize == 0 && length is > 0 and <= SeccompCalls.InstructionsMax
            ? new(instructions, ReadFlags(config?.Flags) & ~SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Notifies: false)
            : throw new FormatException($"{instructions.Length} bytes are not 1 to {SeccompCalls.InstructionsMax} instructions of 8 bytes");
    }

    /// <summary>The same; without the tree libseccomp does everything that it can, which is what tests compare with.</summary>
    internal static SeccompProgram Compile(SeccompConfig config, bool useNumberTree, bool refuseUnknown)
    {
        SeccompFilterFlags flags = ReadFlags(config.Flags);
        SeccompAction defaultAction = SeccompAction.Read(
            $"{Root}.defaultAction", config.DefaultAction, $"{Root}.defaultErrnoRet", config.DefaultErrnoRet);
        if (defaultAction.IsNotify)
        {
            // The listener itself would have to be asked whether it may be handed over.
            throw new ConfigException($"{Root}.defaultAction", "SCMP_ACT_NOTIFY cannot be used as default action");
        }

        List<SeccompRule> rules = SeccompRules.Read(Root, config.Syscalls);
        if (refuseUnknown)
        {
            RefuseUnknown(rules);
        }

        bool notifies = rules.Exists(static rule => rule.Action.IsNotify);
        if (notifies && string.IsNullOrEmpty(config.ListenerPath))
        {
            throw new ConfigException($"{Root}.listenerPath", "is required by SCMP_ACT_NOTIFY");
        }

        using LibSeccomp filter = new(defaultAction.Value);

        // A profile that names no call has no age, and no call is newer than it.
        bool refuseNewer = rules.Count > 0 && !defaultAction.LetsThrough && defaultAction != SeccompAction.FailWith(Errno.ENOSYS);
        List<ArchitectureCalls> architectures = AddArchitectures(filter, config, refuseNewer);
        AddRules(filter, architectures, rules, defaultAction, useNumberTree);

        byte[] program = MakeTree(architectures).Before(Export(filter));
        int length = program.Length / SeccompProgram.InstructionSize;
        if (length > SeccompCalls.InstructionsMax)
        {
            throw new ConfigException($"{Root}.syscalls", $"needs {length} instructions; the kernel takes {SeccompCalls.InstructionsMax}");
        }

        // seccomp(2): EINVAL for the wait flag of a filter that never notifies.
        return new(program, notifies ? flags : flags & ~SeccompFilterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, notifies);
    }

    private static SeccompFilterFlags ReadFlags(ImmutableArray<string>? given)
    {
        if (given is not { } names)
        {
            // As runc: the mitigation of the speculative store bypass costs every program much, and helps the few that run hostile code inside.
            return SeccompFilterFlags.SECCOMP_FILTER_FLAG_SPEC_ALLOW;
        }

        SeccompFilterFlags flags = SeccompFilterFlags.None;
        for (int index = 0; index < names.Length; index++)
        {
            flags |= SeccompNames.Flag($"{Root}.flags[{index}]", names[index]);
        }

        return flags;
    }

    /// <returns>All architectures of the filter. The machine's own is always one, as in runc.</returns>
    private static List<ArchitectureCalls> AddArchitectures(LibSeccomp filter, SeccompConfig config, bool refuseNewer)
    {
        List<ArchitectureCalls> architectures = [new(LibSeccomp.NativeArchitecture, refuseNewer)];
        for (int index = 0; index < config.Architectures.Length; index++)
        {
            string name = config.Architectures[index];
            uint architecture = SeccompNames.Architecture($"{Root}.architectures[{index}]", name);
            if (filter.AddArchitecture(architecture, name))
            {
                architectures.Add(new(architecture, refuseNewer));
            }
        }

        return architectures;
    }

    private static void RefuseUnknown(List<SeccompRule> rules)
    {
        for (int index = 0; index < rules.Count; index++)
        {
            foreach (string name in rules[index].Names)
            {
                if (LibSeccomp.Resolve(name) is null && NewSyscalls.Resolve(name) is null)
                {
                    throw new ConfigException($"{Root}.syscalls[{index}].names", $"unknown system call: \"{name}\"");
                }
            }
        }
    }

    private static void AddRules(
        LibSeccomp filter, List<ArchitectureCalls> architectures, List<SeccompRule> rules, SeccompAction defaultAction, bool useNumberTree)
    {
        bool multiplexing = architectures.Exists(static calls => Multiplexing.Has(calls.Architecture));
        Dictionary<string, bool> plain = FindPlainNames(rules, defaultAction);
        List<(SeccompRule Rule, string Name, int Number)> others = [];
        foreach (SeccompRule rule in rules)
        {
            foreach (string name in rule.Names)
            {
                bool isRule = rule.Action != defaultAction;
                bool isPlain = isRule && plain.GetValueOrDefault(name);
                int? number = LibSeccomp.Resolve(name);
                AddNumbers(architectures, name, isKnown: number is not null, isPlain && (useNumberTree || number is null) ? rule.Action : null);

                // What happens anyway needs no rule, and libseccomp refuses it. Names that nobody knows are left out: profiles name the calls
                // of other kernels too. So is a condition on a call that only NewSyscalls knows: the default action is the safe side.
                if (isRule && number is not null && (!isPlain || !useNumberTree || (multiplexing && Multiplexing.Concerns(name))))
                {
                    others.Add((rule, name, number.Value));
                }
            }
        }

        // A list of libseccomp 2.5.4 forgets to load the number where a call comes first that the architecture does not have.
        if (others.Count >= BinaryTreeRulesMin || (others.Count > 0 && architectures.Count > 1))
        {
            filter.UseBinaryTree();
        }

        foreach ((SeccompRule rule, string name, int number) in others)
        {
            AddRule(filter, rule, name, number);
        }
    }

    /// <returns>Names with true for those with one answer, whatever the arguments are.</returns>
    private static Dictionary<string, bool> FindPlainNames(List<SeccompRule> rules, SeccompAction defaultAction)
    {
        Dictionary<string, bool> plain = new(StringComparer.Ordinal);
        Dictionary<string, SeccompAction> actions = new(StringComparer.Ordinal);
        foreach (SeccompRule rule in rules)
        {
            if (rule.Action == defaultAction)
            {
                continue;
            }

            foreach (string name in rule.Names)
            {
                plain[name] = rule.Conditions.Length == 0
                    && (!plain.TryGetValue(name, out bool was) || (was && actions[name] == rule.Action));
                actions[name] = rule.Action;
            }
        }

        return plain;
    }

    private static void AddNumbers(List<ArchitectureCalls> architectures, string name, bool isKnown, SeccompAction? action)
    {
        foreach (ArchitectureCalls calls in architectures)
        {
            uint? number = isKnown
                ? (uint?)LibSeccomp.Resolve(calls.Architecture, name)
                : NewSyscalls.Resolve(name) + NewSyscalls.Base(calls.Architecture);
            if (number is null)
            {
                continue;
            }

            calls.Name(number.Value);
            if (action is not null)
            {
                calls.Decide(number.Value, action.Value);
            }
        }
    }

    private static void AddRule(LibSeccomp filter, SeccompRule rule, string name, int number)
    {
        if (!rule.HasAlternatives)
        {
            filter.AddRule(rule.Action.Value, number, name, rule.Conditions);
            return;
        }

        for (int index = 0; index < rule.Conditions.Length; index++)
        {
            filter.AddRule(rule.Action.Value, number, name, rule.Conditions.AsSpan(index, 1));
        }
    }

    private static NumberTree MakeTree(List<ArchitectureCalls> architectures)
    {
        NumberTree tree = new();
        ArchitectureCalls? plain = architectures.Find(static calls => calls.Architecture == AuditArch.X86_64);
        ArchitectureCalls? x32 = architectures.Find(static calls => calls.Architecture == AuditArch.X32);

        // The machine's own first: it makes nearly all calls.
        if (plain is not null || x32 is not null)
        {
            tree.AddX86(plain, x32);
        }

        foreach (ArchitectureCalls calls in architectures)
        {
            if (calls != plain && calls != x32)
            {
                tree.Add(calls.Architecture, calls);
            }
        }

        return tree;
    }

    private static byte[] Export(LibSeccomp filter)
    {
        using SafeFileHandle file = MemoryFiles.Create("seccomp");
        filter.Export(file);
        MemoryFiles.Rewind(file);
        return FileContents.ReadAll(file, ProgramBytesMax);
    }
}
