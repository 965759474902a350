using System.Formats.Tar;

namespace Containerception.Clients.Tests;

/// <summary>The root file system of an image that comes from no registry: busybox, the probe, and a user.</summary>
internal static class BusyboxImage
{
    private const UnixFileMode Folder = (UnixFileMode)0b111_101_101;

    /// <summary>Writes it as a tar file, as <c>podman import</c> and <c>docker import</c> take it.</summary>
    public static void Write(string path)
    {
        using FileStream file = File.Create(path);
        using TarWriter tar = new(file);
        foreach (string name in (ReadOnlySpan<string>)["bin", "etc", "home", "home/ann", "proc", "sys", "dev", "root", "run", "tmp", "var"])
        {
            bool hers = name == "home/ann";
            tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, name)
            {
                Mode = name == "tmp" ? Folder | UnixFileMode.StickyBit | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite : Folder,
                Uid = hers ? 1234 : 0,
                Gid = hers ? 1235 : 0,
            });
        }

        WriteFile(tar, "bin/busybox", File.ReadAllBytes("/bin/busybox"), Folder);
        WriteFile(tar, "bin/probe", File.ReadAllBytes(Repository.Probe), Folder);
        foreach (string applet in Command.Run("/bin/busybox", "--list").Succeeded().Split('\n').Where(applet => applet != "busybox"))
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, $"bin/{applet}") { LinkName = "busybox" });
        }

        WriteFile(tar, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1234:1235::/home/ann:/bin/sh\n"u8, (UnixFileMode)0b110_100_100);
        WriteFile(tar, "etc/group", "root:x:0:\nann:x:1235:\nstaff:x:50:ann\n"u8, (UnixFileMode)0b110_100_100);
    }

    private static void WriteFile(TarWriter tar, string name, ReadOnlySpan<byte> content, UnixFileMode mode)
        => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = new MemoryStream(content.ToArray()) });
}
