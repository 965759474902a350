using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Mounts whose files belong to others than on disk. On disk they belong to 1000 and 2000.</summary>
public sealed class IdMappedMountTests : ContainerTest
{
    public IdMappedMountTests()
    {
        // For tmpfs, where the tests keep their files.
        Needs.Kernel(6, 3);
        Config.WithManyCapabilities();
    }

    [Theory]
    [InlineData(1000, 5, "bind")]
    [InlineData(1000, 5, "bind", "idmap")]
    [InlineData(1000, 5, "rbind", "ridmap")]
    [InlineData(990, 100, "bind", "ro")]
    public void The_mounts_own_mappings_say_whose_the_files_are(int diskId, int hostId, params string[] options)
    {
        AddMapped(Source(), options, diskId, hostId);
        string owner = string.Create(CultureInfo.InvariantCulture, $"{hostId + 1000 - diskId} {hostId + 2000 - diskId}");
        Assert.Equal(owner, Shell("stat -c '%u %g' /mnt/file").Succeeded());
    }

    [Fact]
    public void What_is_written_is_mapped_back()
    {
        string source = Source();
        AddMapped(source, ["bind"], diskId: 1000, hostId: 0);
        Shell("touch /mnt/new").Succeeded();
        Assert.Equal("1000 1000", Owner(Path.Combine(source, "new")));
    }

    [Fact]
    public void Who_is_not_mapped_owns_nothing_and_may_make_nothing()
    {
        AddMapped(Source(), ["bind"], diskId: 5000, hostId: 0);
        Assert.Equal("65534 65534", Shell("stat -c '%u %g' /mnt/file").Succeeded());
        Assert.NotEqual(0, Shell("touch /mnt/new 2>/dev/null").Status);
    }

    [Theory]
    [InlineData("idmap=uids=1000-5-1;gids=2000-6-1", "5 6")]
    [InlineData("idmap=uids=0-70000-1000#1000-0-10;gids=2000-0-1", "0 0")]
    [InlineData("ridmap=gids=2000-6-1;uids=1000-5-1", "5 6")]
    public void An_option_has_mappings_too(string option, string owner)
    {
        Config.AddMount("/mnt", "bind", Source(), "bind", option);
        Assert.Equal(owner, Shell("stat -c '%u %g' /mnt/file").Succeeded());
    }

    [Theory]
    [InlineData("idmap")]
    [InlineData("ridmap")]
    [InlineData("idmap=uids=0-100000-65536;gids=0-100000-65536")]
    [InlineData("idmap=uids=@0-0-3000;gids=@0-0-3000")]
    public void In_a_user_namespace_files_of_the_host_are_the_containers(string option)
    {
        string source = Source();
        Config.WithUserNamespace(hostId: 100000);
        Config.AddMount("/mnt", "bind", source, "rbind", option);
        Assert.Equal("1000 2000", Shell("touch /mnt/new && stat -c '%u %g' /mnt/file").Succeeded());
        Assert.Equal("0 0", Owner(Path.Combine(source, "new")));
    }

    [Fact]
    public void A_relative_range_may_lie_in_several_of_the_containers()
    {
        Config.WithUserNamespace();
        foreach (string map in (ReadOnlySpan<string>)["linux.uidMappings", "linux.gidMappings"])
        {
            Config.Set(map, JsonNode.Parse("""
                [{"containerID": 0, "hostID": 100000, "size": 1005}, {"containerID": 1005, "hostID": 300000, "size": 5000}]
                """));
        }

        Config.AddMount("/mnt", "bind", Source(), "bind", "idmap=uids=@1000-1004-3;gids=@1999-2010-2");
        Assert.Equal("1004 2011", Shell("stat -c '%u %g' /mnt/file").Succeeded());
    }

    [Fact]
    public void A_user_namespace_that_is_joined_maps_as_well()
    {
        using Process other = Process.Start("unshare", ["--user", "sleep", "1000"]);
        try
        {
            string directory = $"/proc/{other.Id}";
            string own = new FileInfo("/proc/self/ns/user").LinkTarget!;
            WaitFor(() => new FileInfo($"{directory}/ns/user").LinkTarget != own, "a user namespace");
            File.WriteAllText($"{directory}/uid_map", "0 100000 65536");
            File.WriteAllText($"{directory}/gid_map", "0 100000 65536");
            Config.WithNamespace("user", $"{directory}/ns/user");
            Config.AddMount("/mnt", "bind", Source(), "bind", "idmap");
            Assert.Equal("1000 2000", Shell("stat -c '%u %g' /mnt/file").Succeeded());
        }
        finally
        {
            other.Kill();
        }
    }

    [Theory]
    [InlineData("idmap", "65534")]
    [InlineData("ridmap", "1000")]
    public void Only_ridmap_reaches_the_mounts_below(string option, string owner)
    {
        string source = Source();
        string below = Directory.CreateDirectory(Path.Combine(source, "below")).FullName;
        Command.Run("mount", "-t", "tmpfs", "-o", "uid=1000,gid=2000", "below", below).Succeeded();
        try
        {
            Config.WithUserNamespace();
            Config.AddMount("/mnt", "bind", source, "rbind", option);
            Assert.Equal(owner, Shell("stat -c %u /mnt/below").Succeeded());
        }
        finally
        {
            Command.Run("umount", below).Succeeded();
        }
    }

    [Fact]
    public void A_file_system_that_cannot_do_it_is_named()
    {
        Config.AddMount("/mnt", "bind", "/sys/kernel", "bind", "idmap=uids=0-1-1;gids=0-1-1");
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("the ids of /sys/kernel cannot be mapped", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("EINVAL", outcome.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bind", "idmap", "it has none")]
    [InlineData("bind", "idmap=uids=0-1", "is no ID mapping")]
    [InlineData("bind", "idmap=uids=0-1-1", "is no ID mapping")]
    [InlineData("bind", "idmap=uids=0-1-1;gids=0-1-0", "is no ID mapping")]
    [InlineData("bind", "idmap=uids=0-1-4294967295;gids=0-1-1", "is no ID mapping")]
    [InlineData("bind", "idmap=uids=@0-1-1;gids=0-1-1", "is not in the uidMappings")]
    [InlineData("remount", "idmap=uids=0-1-1;gids=0-1-1", "only a bind mount")]
    public void What_makes_no_sense_is_refused(string kind, string option, string words)
    {
        Config.AddMount("/mnt", "tmpfs", Source(), kind, option);
        Outcome outcome = RunArgs("/bin/true");
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains(words, outcome.Message, StringComparison.Ordinal);
    }

    private string Source()
    {
        string source = Directory.CreateDirectory(Path.Combine(Scratch, "source")).FullName;
        string file = Path.Combine(source, "file");
        File.WriteAllText(file, "text");
        Posix.Chown(file, 1000, 2000);
        Posix.Chown(source, 1000, 2000);
        return source;
    }

    private void AddMapped(string source, string[] options, int diskId, int hostId)
    {
        Config.AddMount("/mnt", "bind", source, options);
        JsonArray Mappings() => [new JsonObject { ["containerID"] = diskId, ["hostID"] = hostId, ["size"] = 2000 }];
        JsonNode mount = Config.At("mounts").AsArray()[^1]!;
        mount["uidMappings"] = Mappings();
        mount["gidMappings"] = Mappings();
    }

    private static string Owner(string path) => Command.Run("stat", "-c", "%u %g", path).Succeeded();
}
