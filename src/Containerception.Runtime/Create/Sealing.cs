using Containerception.Linux;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>Which of the two ways keeps a new container from overwriting ception (CVE-2019-5736).</summary>
internal static class Sealing
{
    private const string Tracing = "CAP_SYS_PTRACE";

    /// <summary>Becomes a sealed ception where the stub would not do. Returns, or starts this program anew.</summary>
    public static void Prepare(Bundle bundle, SeccompFilter? filter, bool waitsForStart)
    {
        if (!StubWillDo(bundle, filter, waitsForStart))
        {
            SealedBinary.Ensure();
        }
    }

    public static bool NeedsStub(Bundle bundle, SeccompFilter? filter, bool waitsForStart) => StubWillDo(bundle, filter, waitsForStart) && !SealedBinary.IsSealed();

    /// <summary>
    /// Nobody can look into the child before it is the stub; the filter lets the stub do its work; and no label waits for the next execve, which
    /// shall be the program's.
    /// </summary>
    private static bool StubWillDo(Bundle bundle, SeccompFilter? filter, bool waitsForStart)
        => NamespacePlan.Of(bundle.Linux).Makes(CloneFlags.CLONE_NEWPID)
            && !MayBeLookedInto(bundle, waitsForStart)
            && !LabelSteps.Wanted(bundle.Config.Process!)
            && filter?.AllowsStub != false;

    /// <summary>
    /// A hook that runs inside, and a process that joins a container which waits for its start, are there while its init still is ception. That
    /// is not dumpable, so only CAP_SYS_PTRACE opens its /proc/1/exe, and in a user namespace of the container's own not even that.
    /// </summary>
    private static bool MayBeLookedInto(Bundle bundle, bool waitsForStart)
        => bundle.Config.Hooks is { StartContainer.Length: > 0 } || (waitsForStart && Traces(bundle, bundle.Config.Process!));

    /// <summary>Whether a process may look into one that is not dumpable.</summary>
    public static bool Traces(Bundle bundle, ProcessConfig process)
        => !NamespacePlan.Of(bundle.Linux).Has(CloneFlags.CLONE_NEWUSER)
            && process.Capabilities is { } sets
            && (sets.Bounding.Contains(Tracing) || sets.Permitted.Contains(Tracing) || sets.Inheritable.Contains(Tracing));

    /// <summary>Whether a profile lets the stub do its work. Where in doubt, no: a filter that is not this plain costs a millisecond more.</summary>
    public static bool AllowsStub(SeccompConfig seccomp)
    {
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
