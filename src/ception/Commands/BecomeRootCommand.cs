using System.Collections;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;

namespace Containerception.Cli;

/// <summary><c>ception become-root</c>: becomes a program as root of the user namespace of a plain user, for cdock, which has threads and so can neither clone nor join one.</summary>
internal static class BecomeRootCommand
{
    public static Verb Verb { get; } = new("become-root", "become a program as root of this user's own user namespace")
    {
        Arguments = "<directory> <uids> <gids> <program> [argument]...",
        ArgumentsMin = 4,
        ArgumentsMax = int.MaxValue,
        FlagPlace = FlagPlace.First,
        Description = ["Used by cdock. Ids are first:count,...: they follow the user's own, which is 0, or none."],
        Examples = ["ception become-root /run/user/1000/cdock 100000:65536 100000:65536 /bin/id"],
        Hidden = true,
        FailureCode = NotStarted,
        Run = Run,
    };

    /// <summary>cdock's own, and docker's: what was asked for was not even begun.</summary>
    private const int NotStarted = 125;

    private static int Run(Invocation call)
    {
        IReadOnlyList<string> words = call.Flags.Arguments;
        string[] variables = [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(one => $"{one.Key}={one.Value}")];
        try
        {
            OwnUserNamespace.Become(words[0], Maps(words[1]), Maps(words[2]), [.. words.Skip(3)], variables);
            return ExitCode.Fine;
        }
        catch (Exception failure) when (failure is ContainerException or LinuxException)
        {
            Tell(failure.Message, (failure as ContainerException)?.Hint);
            return NotStarted;
        }
    }

    // As cdock tells what goes wrong: its user has typed nothing else.
    private static void Tell(string message, string? hint)
        => FileContents.WriteAll(Descriptors.Borrow(2), Encoding.UTF8.GetBytes($"cdock: {message}\n{(hint is null ? "" : $"hint: {hint}\n")}"));

    private static ImmutableArray<IdMapping> Maps(string text)
    {
        List<IdMapping> maps = [];
        uint next = 1;
        foreach (string range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (range.Split(':') is not [string first, string count]
                || !uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out uint start)
                || !uint.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out uint size)
                || size > uint.MaxValue - next)
            {
                throw new UsageException($"become-root: \"{range}\" is no range of ids");
            }

            maps.Add(new IdMapping { ContainerId = next, HostId = start, Size = size });
            next += size;
        }

        return [.. maps];
    }
}
