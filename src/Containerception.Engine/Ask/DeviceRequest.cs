namespace Containerception.Engine;

/// <summary>One <c>--device</c>: a device node of the host, or each of a directory.</summary>
/// <param name="PathOnHost">Absolute.</param>
/// <param name="PathInContainer">Absolute.</param>
/// <param name="Access">Letters of <c>rwm</c>: read, write, mknod.</param>
public sealed record DeviceRequest(string PathOnHost, string PathInContainer, string Access)
{
    /// <summary>Reads <c>PATH[:PATH][:rwm]</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static DeviceRequest Parse(string text)
    {
        string[] parts = text.Split(':');
        (string host, string inside, string access) = parts switch
        {
            [string only] => (only, only, "rwm"),
            [string one, string two] when IsAccess(two) => (one, one, two),
            [string one, string two] => (one, two, "rwm"),
            [string one, string two, string three] => (one, two, three),
            _ => throw EngineException.Invalid($"--device {text}: invalid device", "use PATH[:PATH][:rwm]"),
        };
        if (!host.StartsWith('/') || !inside.StartsWith('/'))
        {
            throw EngineException.Invalid($"--device {text}: a device's path must be absolute");
        }

        return IsAccess(access)
            ? new DeviceRequest(host, inside, access)
            : throw EngineException.Invalid($"--device {text}: invalid device mode \"{access}\"", "use letters of rwm");
    }

    /// <summary>Reads <c>--device-cgroup-rule</c>: type, numbers, letters: <c>c 42:* rmw</c>.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static DeviceNumbers ParseRule(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts is ["a" or "b" or "c", string numbers, string access] && IsAccess(access) && numbers.Split(':') is [string major, string minor]
            && IsNumber(major, out long? first) && IsNumber(minor, out long? second)
            ? new DeviceNumbers(parts[0], first, second, access)
            : throw EngineException.Invalid($"--device-cgroup-rule {text}: invalid rule", "use a type, numbers and letters of rwm: 'c 42:* rmw'");
    }

    private static bool IsNumber(string text, out long? number)
    {
        bool isNumber = uint.TryParse(text, out uint value);
        number = isNumber ? value : null;
        return isNumber || text == "*";
    }

    private static bool IsAccess(string text)
        => text.Length is > 0 and <= 3 && text.All("rwm".Contains) && text.Distinct().Count() == text.Length;
}

/// <summary>One <c>--device-cgroup-rule</c>: devices by number, of which the container may use those that come later, too.</summary>
/// <param name="Type"><c>c</c>, <c>b</c>, or <c>a</c> for both.</param>
/// <param name="Major">Null is every number.</param>
/// <param name="Minor">Null is every number.</param>
/// <param name="Access">Letters of <c>rwm</c>: read, write, mknod.</param>
public sealed record DeviceNumbers(string Type, long? Major, long? Minor, string Access);

/// <summary>One <c>--device-read-bps</c> or its like: how much of a block device a second.</summary>
/// <param name="Path">The device on the host, absolute.</param>
/// <param name="Rate">Bytes or operations a second.</param>
public sealed record DeviceRate(string Path, ulong Rate)
{
    /// <summary>Reads <c>PATH:RATE</c>; a rate in bytes takes units.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static DeviceRate Parse(string text, string flag, bool bytes)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !text.StartsWith('/'))
        {
            throw EngineException.Invalid($"{flag} {text}: invalid rate", bytes ? "use PATH:RATE, as /dev/sda:1mb" : "use PATH:NUMBER");
        }

        ulong rate = bytes
            ? (ulong)ByteSize.Parse(text[(colon + 1)..], flag).Bytes
            : ulong.TryParse(text.AsSpan(colon + 1), out ulong number)
                ? number
                : throw EngineException.Invalid($"{flag} {text}: \"{text[(colon + 1)..]}\" is not a number");
        return rate > 0
            ? new DeviceRate(text[..colon], rate)
            : throw EngineException.Invalid($"{flag} {text}: a rate must be above zero");
    }
}

/// <summary>One <c>--ulimit</c>.</summary>
/// <param name="Name"><c>nofile</c> and its like, as in limits.conf(5).</param>
/// <param name="Soft">The limit in force.</param>
/// <param name="Hard">How far the program may raise it.</param>
public sealed record UlimitRequest(string Name, ulong Soft, ulong Hard)
{
    private static readonly string[] Known =
    [
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
        "sigpending", "stack",
    ];

    /// <summary>Reads <c>NAME=SOFT[:HARD]</c>; -1 and <c>unlimited</c> are no limit.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>.</exception>
    public static UlimitRequest Parse(string text)
    {
        int equals = text.IndexOf('=');
        string name = equals < 0 ? text : text[..equals];
        if (!Known.Contains(name))
        {
            throw EngineException.Invalid($"--ulimit {text}: unknown limit \"{name}\"", $"one of {string.Join(", ", Known)}");
        }

        string[] values = equals < 0 ? [] : text[(equals + 1)..].Split(':');
        if (values.Length is not (1 or 2))
        {
            throw EngineException.Invalid($"--ulimit {text}: invalid limit", "use NAME=SOFT[:HARD]");
        }

        ulong soft = Value(values[0], text);
        ulong hard = values.Length == 2 ? Value(values[1], text) : soft;
        return soft <= hard
            ? new UlimitRequest(name, soft, hard)
            : throw EngineException.Invalid($"--ulimit {text}: the soft limit is above the hard one");
    }

    private static ulong Value(string value, string text) => value switch
    {
        "-1" or "unlimited" => ulong.MaxValue,
        _ => ulong.TryParse(value, out ulong number)
            ? number
            : throw EngineException.Invalid($"--ulimit {text}: \"{value}\" is not a number"),
    };
}
