namespace Containerception.Cgroups;

/// <summary>Where systemd can be spoken to.</summary>
internal static class BusAddress
{
    private const string SystemBus = "unix:path=/run/dbus/system_bus_socket";
    private const string SystemdItself = "/run/systemd/private";

    /// <summary>The sockets to try, in this order, as <see cref="DBusConnection.Open"/> takes them.</summary>
    public static IEnumerable<(string Path, bool IsBus)> Candidates(bool user)
    {
        string? directory = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } given ? given : null;
        string? address = user
            ? Variable("DBUS_SESSION_BUS_ADDRESS") ?? (directory is null ? null : $"unix:path={directory}/bus")
            : Variable("DBUS_SYSTEM_BUS_ADDRESS") ?? SystemBus;
        foreach (string one in (address ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (PathOf(one, directory) is { } path)
            {
                yield return (path, true);
            }
        }

        // What systemctl uses before there is a bus.
        if (!user)
        {
            yield return (SystemdItself, false);
        }
        else if (directory is not null)
        {
            yield return ($"{directory}/systemd/private", false);
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary><c>unix:path=/run/user/1000/bus,guid=…</c>; null for a transport that is not a unix socket.</summary>
    private static string? PathOf(string address, string? runtimeDirectory)
    {
        const string Transport = "unix:";
        if (!address.StartsWith(Transport, StringComparison.Ordinal))
        {
            return null;
        }

        foreach (string pair in address[Transport.Length..].Split(','))
        {
            string[] parts = pair.Split('=', 2);
            string? path = (parts[0], parts.Length) switch
            {
                ("path", 2) => Unescape(parts[1]),
                ("abstract", 2) => "@" + Unescape(parts[1]),
                ("runtime", 2) when runtimeDirectory is not null => runtimeDirectory + "/bus",
                _ => null,
            };
            if (path is not null)
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>dbus-specification, "Server Addresses": %41 is A.</summary>
    private static string Unescape(string value)
        => value.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(value) : value;
}
