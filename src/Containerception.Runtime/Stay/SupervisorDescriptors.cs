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

    private SupervisorDescriptors(SafeFileHandle directoryLock, SafeFileHandle report, SafeFileHandle? client, DnsPlan? dns)
    {
        DnsUdp = dns is null ? null : Descriptors.Take(dns.Udp);
        DnsTcp = dns is null ? null : Descriptors.Take(dns.Tcp);
        Lock = directoryLock;
        Report = report;
        Client = client;
    }

    /// <summary>The lock on the container's directory: the sign of life.</summary>
    public SafeFileHandle Lock { get; }

    public SafeFileHandle Report { get; }

    public SafeFileHandle? Client { get; }

    /// <summary>Where the container's questions for names come in; null when they do not.</summary>
    public SafeFileHandle? DnsUdp { get; }

    /// <inheritdoc cref="DnsUdp"/>
    public SafeFileHandle? DnsTcp { get; }

    public static SupervisorDescriptors Take(SupervisePlan plan)
    {
        // What is only held needs nobody here: it is closed by the end of the process, or by the program executed then.
        int further = plan.Held + (plan.Dns is null ? 0 : 2);
        if (further > 0)
        {
            Descriptors.CloseRange(SupervisePlan.FurtherNumber, (uint)(SupervisePlan.FurtherNumber + further - 1), CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
        }

        SupervisorDescriptors taken = new(
            Descriptors.Duplicate(Descriptors.Borrow(LockNumber)),
            Descriptors.Duplicate(Descriptors.Borrow(ReportNumber)),
            plan.HasClient ? Descriptors.Duplicate(Descriptors.Borrow(ClientNumber)) : null,
            plan.Dns);
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
        DnsUdp?.Dispose();
        DnsTcp?.Dispose();
        Lock.Dispose();
    }
}
