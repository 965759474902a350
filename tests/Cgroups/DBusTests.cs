using System.Diagnostics;

namespace Containerception.Cgroups.Tests;

/// <summary>Our D-Bus, spoken with dbus-daemon.</summary>
public sealed class DBusTests
{
    private const string Bus = "org.freedesktop.DBus";
    private const string Path = "/org/freedesktop/DBus";

    [Fact]
    public void A_bus_takes_us_for_who_we_are()
    {
        using Daemon daemon = new();
        using DBusConnection connection = DBusConnection.Open(daemon.Socket, isBus: true);

        string name = connection.Call(Bus, Path, Bus, "ListNames")[0].Items.Select(one => one.Text).Single(one => one.StartsWith(':'));
        Dictionary<string, DBusValue> credentials = connection.Call(Bus, Path, Bus, "GetConnectionCredentials", name)[0].Items
            .ToDictionary(pair => pair.Items[0].Text, pair => pair.Items[1].Inner);

        Assert.Equal((ulong)Environment.ProcessId, credentials["ProcessID"].Number);
        Assert.Equal(Containerception.Linux.Credentials.EffectiveUid, credentials["UnixUserID"].Number);
    }

    [Fact]
    public void An_error_has_its_name_and_its_words()
    {
        using Daemon daemon = new();
        using DBusConnection connection = DBusConnection.Open(daemon.Socket, isBus: true);

        DBusException failure = Assert.Throws<DBusException>(() => connection.Call("org.example.None", "/org/example", "a.b", "C", true, 5u));

        Assert.Equal("org.freedesktop.DBus.Error.ServiceUnknown", failure.Name);
        Assert.Contains("org.example.None", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_is_heard_also_when_it_came_before_the_answer()
    {
        using Daemon daemon = new();
        using DBusConnection connection = DBusConnection.Open(daemon.Socket, isBus: true);
        connection.Tell(Bus, Path, Bus, "AddMatch", $"type='signal',sender='{Bus}',member='NameOwnerChanged'");

        Assert.Equal(1UL, connection.Call(Bus, Path, Bus, "RequestName", "org.example.Test", 0u)[0].Number);
        DBusMessage signal = connection.WaitForSignal(message => message.Member == "NameOwnerChanged" && message.Body[0].Text == "org.example.Test");

        Assert.Equal("", signal.Body[1].Text);
    }

    /// <summary>A bus lets anybody send anybody a signal; it says who did.</summary>
    [Fact]
    public void A_forged_end_of_a_job_is_not_believed()
    {
        using Daemon daemon = new();
        using DBusConnection connection = DBusConnection.Open(daemon.Socket, isBus: true);
        DBusMessage answer = connection.Ask(Bus, Path, Bus, "GetNameOwner", Bus);
        string ours = connection.Call(Bus, Path, Bus, "ListNames")[0].Items.Select(one => one.Text).Single(one => one.StartsWith(':'));
        using Process forger = Process.Start(
            "/usr/bin/dbus-send",
            [
                $"--bus=unix:path={daemon.Socket}", "--type=signal", $"--dest={ours}", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager.JobRemoved",
                "uint32:1", "objpath:/job/1", "string:a.scope", "string:done",
            ]);
        forger.WaitForExit();

        DBusMessage forged = connection.WaitForSignal(message => message.Member == "JobRemoved");
        DBusMessage begun = answer with { Body = [new DBusValue("o", "/job/1")] };
        Assert.False(SystemdCalls.Ends(forged, begun));
        Assert.True(SystemdCalls.Ends(forged with { Sender = answer.Sender }, begun));
    }

    [Fact]
    public void The_end_of_a_job_is_told_by_systemd_alone()
    {
        DBusMessage begun = new(DBusMessageType.Reply, 1) { Sender = ":1.2", Body = [new DBusValue("o", "/job/1")] };
        DBusMessage signal = new(DBusMessageType.Signal, 2)
        {
            Sender = ":1.2",
            Path = "/org/freedesktop/systemd1",
            Interface = "org.freedesktop.systemd1.Manager",
            Member = "JobRemoved",
            Body = [1u, new DBusValue("o", "/job/1"), "a.scope", "done"],
        };

        Assert.True(SystemdCalls.Ends(signal, begun));
        Assert.True(SystemdCalls.Ends(signal with { Sender = null }, begun with { Sender = null }));
        Assert.False(SystemdCalls.Ends(signal with { Sender = ":1.3" }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Sender = null }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Interface = "a.b" }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Path = "/" }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Body = [1u, 2u, "a.scope", "done"] }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Body = [1u, new DBusValue("o", "/job/1"), "a.scope", 3u] }, begun));
        Assert.False(SystemdCalls.Ends(signal with { Body = [] }, begun));
    }

    [Fact]
    public void A_bus_that_goes_away_is_told_as_a_failure_of_the_bus()
    {
        Daemon daemon = new();
        using DBusConnection connection = DBusConnection.Open(daemon.Socket, isBus: true);
        connection.Call(Bus, Path, Bus, "GetId");
        daemon.Dispose();

        for (int i = 0; i < 2; i++)
        {
            Assert.Throws<CgroupException>(() => connection.Call(Bus, Path, Bus, "GetId"));
        }
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        DBusValue[] values =
        [
            "text", true, 5u, ulong.MaxValue, new DBusValue("y", 7UL), new DBusValue("d", 2.5), new DBusValue("n", 8UL),
            DBusValue.Array("(sv)", DBusValue.Struct("a", DBusValue.Variant(DBusValue.Array("u", 1u, 2u))), DBusValue.Struct("b", DBusValue.Variant("c"))),
            DBusValue.Array("(sa(sv))"),
        ];
        byte[] bytes = new DBusMessage(DBusMessageType.Call, 9) { Path = "/a", Interface = "a.b", Member = "M", Destination = "c.d", Body = values }.Write();

        Assert.Equal(bytes.Length, DBusMessage.LengthOf(bytes));
        DBusMessage read = DBusMessage.Read(bytes);
        Assert.Equal(("/a", "a.b", "M", 9u), (read.Path, read.Interface, read.Member, read.Serial));
        Assert.Equal(values.Select(Describe), read.Body.Select(Describe));
    }

    /// <summary>Cut off anywhere, or with any byte changed, a message is read or refused; never does it hang or reach beyond its end.</summary>
    [Fact]
    public void A_damaged_message_is_refused()
    {
        byte[] bytes = new DBusMessage(DBusMessageType.Call, 9)
        {
            Path = "/a",
            Member = "M",
            Body = ["text", DBusValue.Array("(sv)", DBusValue.Struct("a", DBusValue.Variant(DBusValue.Array("u", 1u, 2u))))],
        }.Write();
        for (int at = 0; at < bytes.Length; at++)
        {
            foreach (int value in (ReadOnlySpan<int>)[0, 1, 0x7f, 0xff, '(', 'a'])
            {
                byte[] changed = [.. bytes];
                changed[at] = (byte)value;
                Read(changed);
            }

            Read(bytes[..at]);
        }

        static void Read(byte[] bytes)
        {
            try
            {
                if (bytes.Length >= DBusMessage.PrefixSize)
                {
                    DBusMessage.LengthOf(bytes);
                    DBusMessage.Read(bytes);
                }
            }
            catch (CgroupException)
            {
                // Refused.
            }
        }
    }

    private static string Describe(DBusValue value) => value.Content switch
    {
        IReadOnlyList<DBusValue> items => $"{value.Signature}[{string.Join(' ', items.Select(Describe))}]",
        DBusValue inner => $"v:{Describe(inner)}",
        object content => $"{value.Signature}:{content}",
    };

    /// <summary>A bus of its own.</summary>
    private sealed class Daemon : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("bus-");
        private readonly Process _process;

        public Daemon()
        {
            Needs.Met(File.Exists("/usr/bin/dbus-daemon"), "dbus-daemon");
            Socket = System.IO.Path.Join(_directory.FullName, "bus");
            _process = Process.Start(new ProcessStartInfo("/usr/bin/dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address", $"--address=unix:path={Socket}"])
            {
                RedirectStandardOutput = true,
            })!;

            // It says its address once it listens.
            Assert.NotNull(_process.StandardOutput.ReadLine());
        }

        public string Socket { get; }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
            _directory.Delete(recursive: true);
        }
    }
}
