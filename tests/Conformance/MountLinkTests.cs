namespace Containerception.Conformance.Tests;

/// <summary>Mounts and symbolic links: what is followed, what is copied, what is mounted itself; and what tmpcopyup makes of a directory.</summary>
public sealed class MountLinkTests : ContainerTest
{
    public MountLinkTests() => Config.WithManyCapabilities();

    [Fact]
    public void Copyup_copies_contents_owners_modes_and_links()
    {
        Fill(Bundle.InRoot("/data"));
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        const string List = "cd /data && stat -c '%n %F %a %u:%g %Y' . file suid deep deep/er/file fifo && readlink link && readlink outside && cat file deep/er/file && ls -A";
        string inside = Shell("grep -q ' /data .* tmpfs ' /proc/self/mountinfo || exit 9; " + List).Succeeded();
        Config.RemoveMount("/data");
        Assert.Equal(Shell(List).Succeeded(), inside);
    }

    [Fact]
    public void Copyup_leaves_the_directory_below_alone()
    {
        Fill(Bundle.InRoot("/data"));
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Shell("rm -r /data/deep; echo changed >/data/file").Succeeded();
        Assert.Equal("text\n", File.ReadAllText(Bundle.InRoot("/data/file")));
    }

    [Fact]
    public void Copyup_is_done_before_the_mount_is_read_only()
    {
        Fill(Bundle.InRoot("/data"));
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup", "ro");
        Assert.Equal("text", Shell("cat /data/file; touch /data/new 2>/dev/null && echo written").Output.TrimEnd());
    }

    [Fact]
    public void Copyup_keeps_what_the_options_say_of_the_top()
    {
        Fill(Bundle.InRoot("/data"));
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup", "mode=1770", "uid=5");
        Assert.Equal("1770 5 0", Shell("stat -c '%a %u %g' /data").Succeeded());
    }

    [Fact]
    public void Copyup_copies_extended_attributes()
    {
        Needs.Kernel(6, 6);
        Needs.Program("python3");
        string data = Directory.CreateDirectory(Bundle.InRoot("/data")).FullName;
        File.WriteAllText(Path.Combine(data, "file"), "text");
        // cap_net_raw, effective and permitted, revision 2.
        Command.Run("python3", "-c", $"""
            import os
            os.setxattr("{data}/file", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
            os.setxattr("{data}/file", "user.note", b"kept")
            """).Succeeded();
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        int pid = StartDetached()["pid"]!.GetValue<int>();
        string names = Command.Run("python3", "-c", $"import os; p='/proc/{pid}/root/data/file'; print(sorted(os.listxattr(p)), os.getxattr(p, 'user.note'))").Succeeded();
        Assert.Equal("['security.capability', 'user.note'] b'kept'", names);
        DeleteForced();
    }

    [Fact]
    public void Copyup_works_in_a_user_namespace()
    {
        string data = Bundle.InRoot("/data");
        Fill(data);
        Command.Run("chown", "-hR", "100007:100008", data).Succeeded();
        // No id of the container.
        Posix.Chown(Path.Combine(data, "suid"), 5, 5);
        File.SetUnixFileMode(Path.Combine(data, "suid"), (UnixFileMode)0x9ED);
        Config.WithUserNamespace(size: 1000);
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Assert.Equal("7:8 755\n7:8 640\n0:0 755\n../outside", Shell("stat -c '%u:%g %a' /data /data/file /data/suid; readlink /data/outside").Succeeded());
    }

    [Fact]
    public void Copyup_does_not_leave_the_directory()
    {
        string outside = Directory.CreateDirectory(Path.Combine(Scratch, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "secret"), "secret");
        Directory.CreateDirectory(Bundle.InRoot("/data/below"));
        File.CreateSymbolicLink(Bundle.InRoot("/data/out"), outside);
        Config.AddMount("/data/below", "bind", outside, "bind");
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Assert.Equal("out", Shell("ls -A /data; test -L /data/out").Succeeded());
    }

    [Fact]
    public void Copyup_is_bounded_by_the_tmpfs()
    {
        File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Bundle.InRoot("/data")).FullName, "large"), new byte[1 << 20]);
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup", "size=64k");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("no space left", outcome.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Copyup_is_bounded_in_depth()
    {
        Directory.CreateDirectory(Bundle.InRoot("/data/" + string.Join('/', Enumerable.Repeat("d", 100))));
        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void Copyup_of_thousands_of_files()
    {
        string data = Directory.CreateDirectory(Bundle.InRoot("/data/sub")).FullName;
        for (int i = 0; i < 3000; i++)
        {
            File.WriteAllText(Path.Combine(data, $"a-file-with-a-rather-long-name-{i}"), "");
        }

        Config.AddMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Assert.Equal("3000", Shell("ls /data/sub | wc -l").Succeeded());
    }

    [Theory]
    [InlineData(null, 0, "../somewhere/else")]
    [InlineData("../somewhere/else", 0, "../somewhere/else")]
    [InlineData("../somewhere/else/", 1, "")]
    [InlineData("../somewhere", 1, "")]
    public void A_source_that_is_a_link_is_copied(string? there, int status, string shown)
    {
        string link = Path.Combine(Scratch, "link");
        File.CreateSymbolicLink(link, "../somewhere/else");
        if (there is not null)
        {
            File.CreateSymbolicLink(Bundle.InRoot("/mnt/copy"), there);
        }

        Config.AddMount("/mnt/copy", "bind", link, "bind", "copy-symlink");
        Outcome outcome = Shell("readlink /mnt/copy");
        Assert.Equal(status, outcome.Status);
        Assert.Equal(shown, outcome.Output.TrimEnd());
    }

    [Fact]
    public void A_copied_link_does_not_replace_a_file()
    {
        string link = Path.Combine(Scratch, "link");
        File.CreateSymbolicLink(link, "x");
        File.WriteAllText(Bundle.InRoot("/mnt/copy"), "");
        Config.AddMount("/mnt/copy", "bind", link, "bind", "copy-symlink");
        Assert.NotEqual(0, RunArgs("/bin/true").Status);
    }

    [Fact]
    public void A_source_that_is_no_link_is_bound()
    {
        string file = Path.Combine(Scratch, "file");
        File.WriteAllText(file, "text");
        Config.AddMount("/mnt/copy", "bind", file, "bind", "copy-symlink");
        Assert.Equal("text", Shell("cat /mnt/copy").Succeeded());
    }

    [Fact]
    public void A_link_is_mounted_on_a_file()
    {
        string link = Path.Combine(Scratch, "link");
        File.CreateSymbolicLink(link, "/the/text");
        Config.AddMount("/mnt/link", "bind", link, "bind", "src-nofollow");
        Assert.Equal("/the/text", Shell("readlink /mnt/link").Succeeded());
    }

    [Fact]
    public void A_link_is_mounted_on_a_link()
    {
        string link = Path.Combine(Scratch, "link");
        File.CreateSymbolicLink(link, "/the/text");
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), "/etc");
        Config.AddMount("/mnt/link", "bind", link, "bind", "src-nofollow", "dest-nofollow");
        Assert.Equal("/the/text", Shell("readlink /mnt/link").Succeeded());
    }

    [Fact]
    public void A_target_that_is_a_link_is_followed_unless_told_otherwise()
    {
        string file = Path.Combine(Scratch, "file");
        File.WriteAllText(file, "text");
        File.WriteAllText(Bundle.InRoot("/etc/real"), "");
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), "/etc/real");
        Config.AddMount("/mnt/link", "bind", file, "bind");
        Assert.Contains("/etc/real", Points());
        Config.RemoveMount("/mnt/link");
        Config.AddMount("/mnt/link", "bind", file, "bind", "dest-nofollow");
        string[] points = Points();
        Assert.DoesNotContain("/etc/real", points);
        Assert.Contains("/mnt/link", points);
    }

    private string[] Points() => [.. ProbeJson("mounts").AsArray().Select(mount => mount!["point"]!.GetValue<string>())];

    private static void Fill(string data)
    {
        Directory.CreateDirectory(Path.Combine(data, "deep/er"));
        File.WriteAllText(Path.Combine(data, "file"), "text\n");
        File.WriteAllText(Path.Combine(data, "suid"), "");
        File.WriteAllText(Path.Combine(data, "deep/er/file"), "deeper\n");
        File.CreateSymbolicLink(Path.Combine(data, "link"), "deep/er/file");
        File.CreateSymbolicLink(Path.Combine(data, "outside"), "../outside");
        Posix.MakeFifo(Path.Combine(data, "fifo"));
        Posix.Chown(Path.Combine(data, "file"), 1000, 2000);
        File.SetUnixFileMode(Path.Combine(data, "file"), (UnixFileMode)0x1A0);
        File.SetUnixFileMode(Path.Combine(data, "suid"), (UnixFileMode)0x9ED);
        File.SetUnixFileMode(Path.Combine(data, "deep"), (UnixFileMode)0x1C0);
        File.SetUnixFileMode(data, (UnixFileMode)0x1ED);
    }
}
