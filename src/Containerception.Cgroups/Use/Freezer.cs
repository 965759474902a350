using Containerception.Linux;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Cgroups;

/// <summary>Stops and continues all processes of a group: version 1's freezer.state, version 2's cgroup.freeze.</summary>
internal static class Freezer
{
    private const string StateV1 = "freezer.state";
    private const string StateV2 = "cgroup.freeze";

    // Most groups freeze while the state is read the first time.
    private const int LooksWithoutWaiting = 20;

    public static bool IsFrozen(CgroupNode node)
        => node.IsUnified
            ? node.TryRead(StateV2)?.Trim() == "1"
            : node.TryRead(StateV1)?.Trim() is "FROZEN" or "FREEZING";

    public static void Freeze(CgroupNode node)
    {
        bool frozen = node.IsUnified ? FreezeV2(node) : FreezeV1(node);
        if (!frozen)
        {
            Thaw(node);
            throw new CgroupException($"the processes of {node.Path} did not freeze",
                "one of them hangs in the kernel: look for state D in ps");
        }
    }

    public static void Thaw(CgroupNode node)
    {
        try
        {
            node.Write(node.IsUnified ? StateV2 : StateV1, node.IsUnified ? "0" : "THAWED");
        }
        catch (LinuxException gone) when (gone.Errno is Errno.ENODEV or Errno.ENOENT)
        {
            // systemd takes a scope away with its last process, at once.
        }
    }

    /// <summary>The same in the groups below too, whoever froze them: on version 1 SIGKILL does not end a frozen process, and a group's own state outlasts its parent's.</summary>
    public static void ThawAll(CgroupNode node)
    {
        Thaw(node);
        if (!node.IsUnified)
        {
            CgroupWalk.Below(node.Directory, enter: static group =>
            {
                using SafeFileHandle? state = Files.TryOpenAt2(group, StateV1, OpenFlags.O_WRONLY, ResolveFlags.RESOLVE_BENEATH);
                if (state is not null)
                {
                    FileContents.WriteAll(state, "THAWED"u8);
                }
            });
        }
    }

    // Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst: FREEZING can last for ever when a process forks while it is looked for;
    // writing FROZEN again makes the kernel look again.
    private static bool FreezeV1(CgroupNode node)
    {
        Deadline deadline = Deadline.Start();
        for (int look = 0; !deadline.IsOver; look++)
        {
            node.Write(StateV1, "FROZEN");
            if (node.Read(StateV1).StartsWith("FROZEN", StringComparison.Ordinal))
            {
                return true;
            }

            if (look >= LooksWithoutWaiting)
            {
                Deadline.WaitForNothing();
            }
        }

        return false;
    }

    private static bool FreezeV2(CgroupNode node)
    {
        node.Write(StateV2, "1");
        return CgroupEvents.WaitFor(node, "frozen", 1, Deadline.Start());
    }
}

/// <summary>Version 2's cgroup.events: it becomes readable as a priority event when a value in it has changed.</summary>
internal static class CgroupEvents
{
    public static bool WaitFor(CgroupNode node, string key, long value, Deadline deadline)
    {
        // Opened before the first look: what changes after it is told.
        using SafeFileHandle events = node.OpenFile("cgroup.events", OpenFlags.O_RDONLY);
        while (true)
        {
            long? now = ReadKey(events, key);
            if (now == value)
            {
                return true;
            }

            if (deadline.IsOver)
            {
                return false;
            }

            Polling.Poll(events, PollEvents.POLLPRI, deadline.Milliseconds);
        }
    }

    // Only reading the polled descriptor itself takes the event back.
    private static long? ReadKey(SafeFileHandle events, string key)
    {
        const int BytesMax = 256;
        Span<byte> buffer = stackalloc byte[BytesMax];
        MemoryFiles.Rewind(events);
        int length = FileContents.Read(events, buffer);
        foreach (string line in System.Text.Encoding.ASCII.GetString(buffer[..length]).Split('\n'))
        {
            if (line.StartsWith(key + " ", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(key.Length + 1), provider: null);
            }
        }

        return null;
    }
}
