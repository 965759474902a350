using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>
/// How many descriptors may be open at once: RLIMIT_NOFILE. A supervisor, with its clients and the sockets of its ports, takes all that it is allowed; what it starts
/// gets what its caller had, because select(2) cannot count beyond 1024.
/// </summary>
internal sealed class DescriptorLimit
{
    private readonly ResourceLimit _raised;

    private DescriptorLimit(ResourceLimit callers)
    {
        Callers = callers;
        _raised = callers with { Soft = callers.Hard };
    }

    public ResourceLimit Callers { get; }

    public static DescriptorLimit Raise()
    {
        DescriptorLimit limit = new(ResourceLimits.Get(0, RlimitResource.RLIMIT_NOFILE));
        Set(limit._raised);
        return limit;
    }

    /// <summary>For who becomes another program.</summary>
    public void GiveBack() => Set(Callers);

    /// <summary>Starts a program that inherits the caller's. Of descriptors that are open already none is lost: getrlimit(2).</summary>
    /// <returns>Its pid.</returns>
    public int Start(Func<int> spawn)
    {
        GiveBack();
        try
        {
            return spawn();
        }
        finally
        {
            Set(_raised);
        }
    }

    private static void Set(ResourceLimit limit)
    {
        try
        {
            ResourceLimits.Set(0, RlimitResource.RLIMIT_NOFILE, limit);
        }
        catch (LinuxException refused) when (refused.Errno == Errno.EPERM)
        {
            // fs.nr_open was lowered since: below that nobody's limit can be set, and what there is must do.
        }
    }
}
