using Containerception.Linux;
using Containerception.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Runtime;

/// <summary>What a supervisor inherits: see <see cref="SupervisePlan"/>. Afterwards its standard streams are /dev/null.</summary>
internal sealed class SupervisorDescriptors : IDisposable
{
    private const int LockNumber = 0;
    private const int ReportNumber = 1;
    private const int ClientNumber = 2;

    private SupervisorDescriptors(SafeFileHandle directoryLock, SafeFileHandle report, SafeFileHandle? client)
    {
        Lock = directoryLock;
        Report = report;
        Client = client;
    }

    /// <summary>The lock on the container's directory: the sign of life.</summary>
    public SafeFileHandle Lock { get; }

    public SafeFileHandle Report { get; }

    public SafeFileHandle? Client { get; }

    public static SupervisorDescriptors Take(SupervisePlan plan)
    {
        SupervisorDescriptors taken = new(
            Descriptors.Duplicate(Descriptors.Borrow(LockNumber)),
            Descriptors.Duplicate(Descriptors.Borrow(ReportNumber)),
            plan.HasClient ? Descriptors.Duplicate(Descriptors.Borrow(ClientNumber)) : null);
        NullStandardStreams();
        return taken;
    }

    public static void NullStandardStreams()
    {
        using SafeFileHandle nothing = Files.Open("/dev/null", OpenFlags.O_RDWR);
        for (int number = 0; number <= 2; number++)
        {
            Descriptors.DuplicateTo(nothing, number, closeOnExec: false);
        }
    }

    public void Dispose()
    {
        Report.Dispose();
        Client?.Dispose();
        Lock.Dispose();
    }
}
