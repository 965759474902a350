namespace Containerception.Engine.Tests;

/// <summary>A small root file system of busybox.</summary>
public sealed class BusyboxRoot : IDisposable
{
    private static readonly string[] Applets = ["sh", "cat", "echo", "id", "ls", "touch", "true", "pwd", "env"];

    public BusyboxRoot()
    {
        Needs.PathTo("/usr/bin/busybox");
        foreach (string name in new[] { "bin", "etc", "proc", "sys", "dev", "tmp" })
        {
            Directory.CreateDirectory(Path.Join(Location, name));
        }

        File.Copy("/usr/bin/busybox", Path.Join(Location, "bin/busybox"));
        foreach (string applet in Applets)
        {
            File.CreateSymbolicLink(Path.Join(Location, "bin", applet), "busybox");
        }

        File.WriteAllText(Path.Join(Location, "etc/passwd"), "root:x:0:0::/:/bin/sh\nann:x:1234:1235::/:/bin/sh\n");
        File.WriteAllText(Path.Join(Location, "etc/group"), "root:x:0:\nann:x:1235:\nstaff:x:50:ann\n");
        File.WriteAllText(Path.Join(Location, "notes"), "as it was\n");
    }

    public string Location { get; } = Path.Join(Path.GetTempPath(), $"cdock-rootfs-{Guid.NewGuid():N}");

    public void Dispose() => Directory.Delete(Location, recursive: true);
}
