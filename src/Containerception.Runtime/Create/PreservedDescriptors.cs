using Containerception.Linux;

namespace Containerception.Runtime;

/// <summary>--preserve-fds: descriptors of the caller that the program gets, from 3 on.</summary>
internal static class PreservedDescriptors
{
    private const int First = 3;

    /// <summary>
    /// Those of the caller's among the first <paramref name="count"/>. There may be gaps: <c>podman --preserve-fd 5</c> leaves 5 open alone, and
    /// asks for three. In a gap come our own, and a directory of the host is a way out (CVE-2024-21626). Ours are close-on-exec, and what the
    /// caller left to us cannot be. A count that reaches beyond the last is a mistake of the caller.
    /// </summary>
    public static IReadOnlyList<int> Find(int count)
    {
        if (count < 0 || count > int.MaxValue - First)
        {
            throw new ContainerException(FailureKind.Invalid, $"--preserve-fds: {count} is not a number of descriptors");
        }

        if (count > 0 && !Descriptors.IsInherited(First + count - 1))
        {
            throw new ContainerException(
                FailureKind.Invalid, $"--preserve-fds {count}: descriptor {First + count - 1} is not open", "they are counted from 3 on, and the caller must leave the last one open");
        }

        List<int> found = [];
        for (int number = First; number < First + count; number++)
        {
            if (Descriptors.IsInherited(number))
            {
                found.Add(number);
            }
        }

        return found;
    }
}
