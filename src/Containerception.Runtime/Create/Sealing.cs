using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>Which of the two ways keeps a new container from overwriting ception (CVE-2019-5736).</summary>
internal static class Sealing
{
    /// <summary>Becomes a sealed ception where the stub would not do. Returns, or starts this program anew.</summary>
    public static void Prepare(Bundle bundle, bool blocksSignals)
    {
        if (!StubWillDo(bundle))
        {
            SealedBinary.Ensure(blocksSignals);
        }
    }

    public static bool NeedsStub(Bundle bundle) => StubWillDo(bundle) && !SealedBinary.IsSealed();

    /// <summary>
    /// The child is the first of its pid namespace, so that nobody can look into it; the filter lets the stub do its work; and no label waits for
    /// the next execve, which shall be the program's.
    /// </summary>
    private static bool StubWillDo(Bundle bundle)
        => NamespacePlan.Of(bundle.Linux).Makes(CloneFlags.CLONE_NEWPID) && !LabelSteps.Wanted(bundle.Config.Process!) && AllowsStub(bundle.Config);

    /// <summary>Where in doubt, no: a filter that is not this plain costs a millisecond more.</summary>
    private static bool AllowsStub(RuntimeConfig config)
    {
        if (config.Annotations.ContainsKey(RuntimeAnnotations.SeccompBpfData))
        {
            return false;
        }

        if (config.Linux?.Seccomp is not { } seccomp)
        {
            return true;
        }

        bool byDefault = seccomp.DefaultAction == "SCMP_ACT_ALLOW";
        foreach (string call in ExecStub.Calls)
        {
            bool allowed = byDefault;
            foreach (SeccompSyscall rule in seccomp.Syscalls)
            {
                if (rule.Names.Contains(call))
                {
                    if (rule.Action != "SCMP_ACT_ALLOW" || rule.Args.Length > 0)
                    {
                        return false;
                    }

                    allowed = true;
                }
            }

            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }
}
