using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>--preserve-fds: descriptors of the caller that the program gets, from 3 on.</summary>
internal static class PreservedDescriptors
{
    private const int First = 3;

    /// <summary>
    /// Refuses a count that reaches beyond what the caller has left open: behind it come our own, and a directory of the host is a way out
    /// (CVE-2024-21626). Ours are close-on-exec, and what the caller left to us cannot be.
    /// </summary>
    public static void Check(int count)
    {
        if (count < 0 || count > int.MaxValue - First)
        {
            throw new ContainerException(FailureKind.Invalid, $"--preserve-fds: {count} is not a number of descriptors");
        }

        for (int number = First; number < First + count; number++)
        {
            if (!Descriptors.IsInherited(number))
            {
                throw new ContainerException(
                    FailureKind.Invalid, $"--preserve-fds {count}: descriptor {number} is not open", "they are counted from 3 on, and the caller must leave them all open");
            }
        }
    }
}
