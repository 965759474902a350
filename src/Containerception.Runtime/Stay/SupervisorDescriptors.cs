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

    private readonly Dictionary<string, SafeFileHandle> _held = [];

    private SupervisorDescriptors(SafeFileHandle directoryLock, SafeFileHandle report, SafeFileHandle? client, SupervisePlan plan)
    {
        DnsPlan? dns = plan.Dns;
        DnsUdp = dns is null ? null : Descriptors.Take(dns.Udp);
        DnsTcp = dns is null ? null : Descriptors.Take(dns.Tcp);
        Network = plan.Relays ? Descriptors.Take(NetworkNumberOf(plan)) : null;
        Lock = directoryLock;
        Report = report;
        Client = client;
        Limit = DescriptorLimit.Raise();
    }

    /// <summary>How many there may be.</summary>
    public DescriptorLimit Limit { get; }

    /// <summary>The lock on the container's directory: the sign of life.</summary>
    public SafeFileHandle Lock { get; }

    public SafeFileHandle Report { get; }

    public SafeFileHandle? Client { get; }

    /// <summary>Where the container's questions for names come in; null when they do not.</summary>
    public SafeFileHandle? DnsUdp { get; private set; }

    /// <inheritdoc cref="DnsUdp"/>
    public SafeFileHandle? DnsTcp { get; private set; }

    /// <summary>The network namespace to which ports must be relayed; null when the kernel leads them to the container itself.</summary>
    public SafeFileHandle? Network { get; }

    /// <summary>What is kept open, by its keys.</summary>
    public IReadOnlyDictionary<string, SafeFileHandle> Held => _held;

    /// <summary>Keeps a descriptor open, in place of one of that key.</summary>
    public void Hold(string key, SafeFileHandle descriptor)
    {
        Release(key);
        _held.Add(key, descriptor);
    }

    /// <summary>Closes one that was kept, if there is one of that key.</summary>
    public void Release(string key)
    {
        if (_held.Remove(key, out SafeFileHandle? held))
        {
            held.Dispose();
        }
    }

    /// <summary>Questions for names come in there from now on.</summary>
    public void TakeDns(SafeFileHandle udp, SafeFileHandle tcp)
    {
        DnsUdp?.Dispose();
        DnsTcp?.Dispose();
        (DnsUdp, DnsTcp) = (udp, tcp);
    }

    public static SupervisorDescriptors Take(SupervisePlan plan)
    {
        int heldNumber = NetworkNumberOf(plan) + (plan.Relays ? 1 : 0);
        int further = heldNumber + plan.Held.Length - SupervisePlan.FurtherNumber;
        if (further > 0)
        {
            Descriptors.CloseRange(SupervisePlan.FurtherNumber, (uint)(SupervisePlan.FurtherNumber + further - 1), CloseRangeFlags.CLOSE_RANGE_CLOEXEC);
        }

        SupervisorDescriptors taken = new(
            Descriptors.Duplicate(Descriptors.Borrow(LockNumber)),
            Descriptors.Duplicate(Descriptors.Borrow(ReportNumber)),
            plan.HasClient ? Descriptors.Duplicate(Descriptors.Borrow(ClientNumber)) : null,
            plan);
        for (int i = 0; i < plan.Held.Length; i++)
        {
            taken.Hold(plan.Held[i], Descriptors.Take(heldNumber + i));
        }

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

    private static int NetworkNumberOf(SupervisePlan plan) => SupervisePlan.FurtherNumber + (plan.Dns is null ? 0 : 2);

    public void Dispose()
    {
        Report.Dispose();
        Client?.Dispose();
        DnsUdp?.Dispose();
        DnsTcp?.Dispose();
        Network?.Dispose();
        foreach (SafeFileHandle held in _held.Values)
        {
            held.Dispose();
        }

        Lock.Dispose();
    }
}
