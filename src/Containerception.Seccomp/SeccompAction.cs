using Containerception.Oci;

namespace Containerception.Seccomp;

/// <summary>What the kernel does with a call: SECCOMP_RET_* of linux/seccomp.h with its 16 bits of data.</summary>
internal readonly record struct SeccompAction(uint Value)
{
    private const uint KillProcessValue = 0x8000_0000;
    private const uint KillThreadValue = 0x0000_0000;
    private const uint TrapValue = 0x0003_0000;
    private const uint ErrnoValue = 0x0005_0000;
    private const uint NotifyValue = 0x7FC0_0000;
    private const uint TraceValue = 0x7FF0_0000;
    private const uint LogValue = 0x7FFC_0000;
    private const uint AllowValue = 0x7FFF_0000;
    private const uint KindBits = 0xFFFF_0000;

    /// <summary>MAX_ERRNO of the kernel: it would cut a larger one down to this.</summary>
    private const uint ErrnoMax = 4095;
    private const uint DataMax = 0xFFFF;

    public bool IsNotify => Value == NotifyValue;

    /// <summary>The call runs, or its tracer decides: nothing is kept from a program that tries a call which we do not know.</summary>
    public bool LetsThrough => (Value & KindBits) is AllowValue or LogValue or TraceValue;

    public static SeccompAction FailWith(Linux.Errno errno) => new(ErrnoValue | (uint)errno);

    /// <summary>Reads an action's name and its errnoRet, which only two of them have: the specification wants an error for the others.</summary>
    public static SeccompAction Read(string field, string name, string dataField, uint? data)
    {
        (uint value, uint? dataMax) = name switch
        {
            "SCMP_ACT_ALLOW" => (AllowValue, null),
            "SCMP_ACT_LOG" => (LogValue, null),
            "SCMP_ACT_TRAP" => (TrapValue, null),
            "SCMP_ACT_NOTIFY" => (NotifyValue, null),
            "SCMP_ACT_KILL" or "SCMP_ACT_KILL_THREAD" => (KillThreadValue, null),
            "SCMP_ACT_KILL_PROCESS" => (KillProcessValue, null),
            "SCMP_ACT_ERRNO" => (ErrnoValue, ErrnoMax),
            "SCMP_ACT_TRACE" => (TraceValue, (uint?)DataMax),
            _ => throw new ConfigException(field, $"no such action: \"{name}\""),
        };

        if (dataMax is null)
        {
            return data is null ? new(value) : throw new ConfigException(dataField, $"{name} has no number to return");
        }

        return data is null || data <= dataMax
            ? new(value | (data ?? (uint)Linux.Errno.EPERM))
            : throw new ConfigException(dataField, $"{name} can return 0 to {dataMax}, not {data}");
    }
}
