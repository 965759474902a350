using Containerception.Linux;

namespace Containerception.Cgroups;

/// <summary>The few calls of systemd's manager that a container needs: org.freedesktop.systemd1(5).</summary>
internal sealed class SystemdCalls : IDisposable
{
    private const string Destination = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string ManagerType = "org.freedesktop.systemd1.Manager";
    private const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
    private const string UnitExists = "org.freedesktop.systemd1.UnitExists";

    private const string NoSystemd = "there is a bus, but no systemd on it: use --cgroup-manager cgroupfs";

    private readonly DBusConnection _bus;
    private readonly bool _user;

    private SystemdCalls(DBusConnection bus, bool user)
    {
        _bus = bus;
        _user = user;
    }

    /// <summary>Whether systemd answered, and said no: to a property, or because there is a unit of that name.</summary>
    public static bool IsRefusal(CgroupException failure) => failure.InnerException is DBusException;

    /// <summary>The systemd of the machine, or of the calling user.</summary>
    /// <exception cref="CgroupException">Nobody answers.</exception>
    public static SystemdCalls Connect(bool user)
    {
        LinuxException? first = null;
        foreach ((string path, bool isBus) in BusAddress.Candidates(user))
        {
            try
            {
                return new SystemdCalls(DBusConnection.Open(path, isBus), user);
            }
            catch (LinuxException failure)
            {
                first ??= failure;
            }
        }

        throw user
            ? new CgroupException($"systemd of this user cannot be reached: {first?.Message ?? "there is no DBUS_SESSION_BUS_ADDRESS and no XDG_RUNTIME_DIR"}",
                "log in (su and sudo do not), or let systemd run for the user always: loginctl enable-linger; else use --cgroup-manager cgroupfs", first)
            : new CgroupException($"systemd cannot be reached: {first?.Message}", "is systemd this machine's init? else use --cgroup-manager cgroupfs", first);
    }

    /// <summary>The manager's own group, from the root of the tree: empty, or <c>/user.slice/user-1000.slice/user@1000.service</c>.</summary>
    public string ControlGroup() => GetProperty("ControlGroup").Text.TrimEnd('/');

    /// <summary>257 of "257.9-1~deb13u1".</summary>
    public int Version()
    {
        ReadOnlySpan<char> text = GetProperty("Version").Text.AsSpan().TrimStart('v');
        int end = text.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? text : text[..end], out int version) ? version : 0;
    }

    /// <summary>Starts a scope that is made for this once, and waits until its processes are in it.</summary>
    /// <exception cref="CgroupException">systemd refuses, or fails.</exception>
    public void StartTransientUnit(string unit, IReadOnlyList<UnitProperty> properties)
    {
        Subscribe();
        DBusValue list = DBusValue.Array("(sv)", [.. properties.Select(Pair)]);
        DBusValue none = DBusValue.Array("(sa(sv))");
        try
        {
            string result;
            try
            {
                result = Run("StartTransientUnit", unit, "replace", list, none);
            }
            catch (DBusException failure) when (failure.Name == UnitExists)
            {
                // One that failed is kept for whoever wants to know why; nobody does any more.
                ResetFailed(unit);
                result = Run("StartTransientUnit", unit, "replace", list, none);
            }

            if (result != "done")
            {
                ResetFailed(unit);
                throw new CgroupException($"systemd could not start {unit}: the job ended as \"{result}\"", $"see {Journal(unit)}");
            }
        }
        catch (DBusException failure)
        {
            throw Refused($"start {unit}", unit, failure);
        }
    }

    /// <summary>Stops a unit, and waits for its end. One that is not there is as good as stopped.</summary>
    public void StopUnit(string unit)
    {
        Subscribe();
        try
        {
            Run("StopUnit", unit, "replace");
        }
        catch (DBusException failure) when (failure.Name == NoSuchUnit)
        {
            return;
        }
        catch (DBusException failure)
        {
            throw Refused($"stop {unit}", unit, failure);
        }

        ResetFailed(unit);
    }

    /// <summary>Changes properties until the unit ends.</summary>
    public void SetUnitProperties(string unit, IReadOnlyList<UnitProperty> properties)
        => CallOrThrow($"change {unit}", unit, "SetUnitProperties", unit, true, DBusValue.Array("(sv)", [.. properties.Select(Pair)]));

    /// <summary>Moves a process into a unit's group, or a group below it: what a plain user may not do himself between units.</summary>
    public void AttachProcess(string unit, string below, int pid)
        => CallOrThrow($"add a process to {unit}", unit, "AttachProcessesToUnit", unit, below, DBusValue.Array("u", (uint)pid));

    public void Dispose() => _bus.Dispose();

    /// <summary>
    /// Whether a signal tells the end of a job. Anybody on a bus may send us one: only who answered our call can tell. On systemd's own socket
    /// nobody else speaks, and its messages all have one sender, or none.
    /// </summary>
    internal static bool Ends(DBusMessage signal, DBusMessage begun)
        => signal.Sender == begun.Sender
            && signal is { Path: ManagerPath, Interface: ManagerType, Member: "JobRemoved", Body: [_, { Content: string job }, _, { Content: string }, ..] }
            && job == begun.Body[0].Text;

    private static DBusValue Pair(UnitProperty property) => DBusValue.Struct(property.Name, DBusValue.Variant(property.Value));

    private DBusValue GetProperty(string name)
    {
        try
        {
            return _bus.Call(Destination, ManagerPath, "org.freedesktop.DBus.Properties", "Get", ManagerType, name)[0].Inner;
        }
        catch (DBusException failure)
        {
            throw Refused($"say its {name}", null, failure);
        }
    }

    private void CallOrThrow(string what, string unit, string member, params IReadOnlyList<DBusValue> body)
    {
        try
        {
            _bus.Call(Destination, ManagerPath, ManagerType, member, body);
        }
        catch (DBusException failure)
        {
            throw Refused(what, unit, failure);
        }
    }

    /// <summary>systemd tells those who subscribed what became of their jobs; of a job that was another's before, only them.</summary>
    private void Subscribe()
    {
        _bus.Tell("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
            $"type='signal',sender='{Destination}',interface='{ManagerType}',member='JobRemoved'");
        _bus.Tell(Destination, ManagerPath, ManagerType, "Subscribe");
    }

    /// <returns>How the job ended: "done", "failed", "timeout" and others.</returns>
    private string Run(string member, params IReadOnlyList<DBusValue> body)
    {
        DBusMessage begun = _bus.Ask(Destination, ManagerPath, ManagerType, member, body);
        return _bus.WaitForSignal(message => Ends(message, begun)).Body[3].Text;
    }

    private void ResetFailed(string unit)
    {
        try
        {
            _bus.Call(Destination, ManagerPath, ManagerType, "ResetFailedUnit", unit);
        }
        catch (DBusException)
        {
            // It did not fail, or is gone: so much the better.
        }
    }

    private CgroupException Refused(string what, string? unit, DBusException failure) => new(
        $"systemd refuses to {what}: {failure.Message}",
        failure.Name switch
        {
            "org.freedesktop.DBus.Error.AccessDenied" or "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
                => "polkit lets only root manage the machine's units: be root, or use the user's own systemd (--rootless=true)",
            "org.freedesktop.DBus.Error.ServiceUnknown" or "org.freedesktop.DBus.Error.NameHasNoOwner" => NoSystemd,
            var name when name.StartsWith("org.freedesktop.DBus.Error.Spawn.", StringComparison.Ordinal) => NoSystemd,
            "org.freedesktop.DBus.Error.PropertyReadOnly" or "org.freedesktop.DBus.Error.InvalidArgs"
                => "a property is unknown to this systemd or has another type: see the annotations org.systemd.property, and busctl introspect",
            UnitExists => $"something of that name runs: systemctl {(_user ? "--user " : "")}status {unit}",
            _ => unit is null ? null : $"see {Journal(unit)}",
        },
        failure);

    private string Journal(string unit) => $"journalctl {(_user ? "--user " : "")}-u {unit}";
}
