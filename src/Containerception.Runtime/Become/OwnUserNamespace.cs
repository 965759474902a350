using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Containerception.Linux;
using Containerception.Oci;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>
/// A user namespace in which a plain user is root: the same for all that he starts, so that his containers can be reached by each of his
/// commands. A process that does nothing keeps it; where that was killed, the namespace is found by who still lives in it.
/// </summary>
public static class OwnUserNamespace
{
    /// <summary>Becomes a program in the namespace, with a mount namespace of its own. Returns only by throwing.</summary>
    /// <param name="directory">Where the keeper is recorded: made for the owner alone where it is missing.</param>
    /// <param name="uids">What the user has beside his own uid, which is 0 inside.</param>
    /// <param name="gids">What he has beside his own gid.</param>
    /// <param name="command">The program's path and arguments.</param>
    /// <param name="environment"><c>NAME=value</c>.</param>
    /// <exception cref="ContainerException">The directory is somebody else's, or the kernel or newuidmap(1) refused.</exception>
    [DoesNotReturn]
    public static void Become(
        string directory, ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids, IReadOnlyList<string> command, IReadOnlyList<string> environment)
    {
        ArgumentNullException.ThrowIfNull(command);
        using SafeFileHandle keeper = FindOrStart(directory, uids, gids);
        Descriptors.SetCloseOnExec(keeper, closeOnExec: false);
        using SafeFileHandle program = EnterProgram.Make((int)keeper.DangerousGetHandle());
        Processes.Execveat(program, [command[0], .. command], environment);
    }

    private static SafeFileHandle FindOrStart(string directory, ImmutableArray<IdMapping> uids, ImmutableArray<IdMapping> gids)
    {
        using KeeperRecord record = KeeperRecord.Open(directory);
        bool hasMore = !uids.IsEmpty;
        if (record.TryFind() is { } running)
        {
            if (!hasMore || !record.IsOutgrown())
            {
                return running;
            }

            running.Dispose();
        }

        // Two at once must get the same namespace: the second waits, and then finds what the first has made.
        record.Lock();
        bool isOutgrown = hasMore && record.IsOutgrown();
        if (record.TryFind() is { } faster)
        {
            if (!isOutgrown)
            {
                return faster;
            }

            using (faster)
            {
                Processes.PidfdSendSignal(faster, Signal.SIGKILL);
            }
        }

        // The keeper may have been killed while containers ran: they must stay in reach.
        using SafeFileHandle? known = isOutgrown ? null : record.TryFindMember();
        using InitChild keeper = Keeper.Start(record.Make(), known, uids, gids);
        record.Write(keeper.Pid);
        return Processes.PidfdOpen(keeper.Pid);
    }
}
