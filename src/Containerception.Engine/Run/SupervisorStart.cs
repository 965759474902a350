using System.Collections.Immutable;
using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Engine;

/// <summary>The start of a container's supervisor, from the mount namespace in which the container's root is mounted.</summary>
public sealed class SupervisorStart : IDisposable
{
    private readonly string _program = RuntimeProgram.Supervisor();
    private readonly string _plan;
    private NamespaceThread? _thread;
    private LateProgram? _late;

    /// <param name="directory">The container's, which need not be there yet.</param>
    internal SupervisorStart(string directory)
    {
        Id = Path.GetFileName(directory);
        _plan = Path.Join(directory, SupervisePlan.FileName);
    }

    /// <summary>The container's.</summary>
    internal string Id { get; }

    /// <summary>The namespace is made already: the mounts are private.</summary>
    internal bool IsBegun { get; private set; }

    /// <summary>Starts the program while the container is being made: it waits for what it is to have.</summary>
    /// <param name="makeNamespace">Parts this thread's mounts from the host's.</param>
    internal void Begin(Action makeNamespace)
    {
        CloseOthers();
        IsBegun = true;
        _thread = NamespaceThread.Begin(() =>
        {
            makeNamespace();
            using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
            _late = LateProgram.TryStart(
                [_program, "supervise", _plan, SupervisePlan.LateFlag], new SpawnStreams(nothing, nothing, nothing), SpawnFlags.POSIX_SPAWN_SETSID);
        });
    }

    /// <summary>Mounts the root, and gives the program what it is to have.</summary>
    /// <param name="prepare">Mounts the root.</param>
    /// <param name="steps">Its descriptor 3; never where it was begun before.</param>
    /// <param name="descriptors">Its descriptors 0 to 2, and from 4 on, once the root is mounted: see <see cref="SupervisePlan"/>.</param>
    /// <exception cref="EngineException">Somebody has killed it already.</exception>
    internal void Finish(Action prepare, SafeFileHandle? steps, Func<ImmutableArray<SafeFileHandle>> descriptors)
    {
        CloseOthers();
        _thread ??= NamespaceThread.Begin(() => { });
        _thread.Finish(() =>
        {
            prepare();
            ImmutableArray<SafeFileHandle> given = descriptors();
            if (_late is null)
            {
                Spawning.PosixSpawn(
                    _program, [_program, "supervise", _plan], RuntimeProgram.CallersEnvironment(),
                    given[0], given[1], given[2], SpawnFlags.POSIX_SPAWN_SETSID, steps, given[3..]);
            }
            else if (!_late.Tell([], given))
            {
                throw new EngineException(FailureKind.System, "the container's supervisor ended before it began", "if nobody has killed it, the kernel's log may tell why: dmesg");
            }
        });
    }

    /// <summary>Ends what was begun and not finished.</summary>
    public void Dispose()
    {
        _thread?.Dispose();
        _late?.Dispose();
    }

    // What our caller left open would stay so for as long as the container lives.
    private static void CloseOthers() => Descriptors.CloseRange(3, uint.MaxValue, CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
}
