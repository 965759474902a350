namespace Containerception.Clients.Tests.Podmans;

/// <summary>podman run with volumes, tmpfs, secrets, images, and a root that is read-only.</summary>
public sealed class MountTests : PodmanTest
{
    public MountTests(Podman podman) : base(podman) => podman.Session.Shell("rm -rf /tmp/volume; mkdir -p /tmp/volume/below; echo data >/tmp/volume/file").Succeeded();

    [Fact]
    public void A_directory_is_shared_both_ways()
    {
        Assert.Equal("data", Shell("cat /v/file; echo back >/v/new", "--volume", "/tmp/volume:/v"));
        Assert.Equal("back", Podman.Session.Shell("cat /tmp/volume/new").Succeeded());
    }

    [Theory]
    [InlineData("--volume", "/tmp/volume:/v:ro")]
    [InlineData("--mount", "type=bind,src=/tmp/volume,dst=/v,ro=true")]
    public void A_volume_can_be_read_only(params string[] flags) => Assert.Contains("Read-only file system", TryShell("touch /v/new", flags).Errors, StringComparison.Ordinal);

    [Fact]
    public void Options_of_a_volume_hold()
    {
        string options = Shell("grep ' /v ' /proc/self/mountinfo | cut -d' ' -f6", "--volume", "/tmp/volume:/v:noexec,nodev,nosuid");
        Assert.All(["noexec", "nodev", "nosuid"], option => Assert.Contains(option, options, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_is_mounted_where_nothing_was()
        => Assert.Equal("data", Run(["--mount", "type=bind,src=/tmp/volume/file,dst=/etc/deep/file,ro"], "cat", "/etc/deep/file"));

    [Fact]
    public void A_volume_can_be_given_to_the_user()
        => Assert.Equal(["1234", "1234", "ok"], Lines(Shell("stat -c %u /v /v/file; touch /v/new && echo ok", "--user", "ann", "--volume", "/tmp/volume:/v:U")));

    [Fact]
    public void What_is_written_above_a_volume_can_be_thrown_away()
    {
        Assert.Equal("3", Shell("touch /v/new; ls /v | wc -l", "--volume", "/tmp/volume:/v:O"));
        Assert.Equal("2", Podman.Session.Shell("ls /tmp/volume | wc -l").Succeeded());
    }

    [Fact]
    public void A_named_volume_begins_with_what_it_hides_and_lasts()
    {
        Assert.Equal("ann", Shell("ls /home; touch /home/mark", "--volume", "named:/home"));
        Assert.Equal(["ann", "mark"], Lines(Shell("ls /v", "--volume", "named:/v")));
        Podman.Says("volume", "rm", "named");
    }

    [Fact]
    public void A_volumes_ids_can_be_mapped()
        => Assert.Equal("1000:1000", Run(["--mount", "type=bind,src=/tmp/volume,dst=/v,idmap=uids=0-1000-10;gids=0-1000-10"], "stat", "-c", "%u:%g", "/v/file"));

    [Fact]
    public void A_mount_made_inside_reaches_the_host_where_it_is_to()
    {
        string script = $"""
            mount --bind /tmp/volume /tmp/volume && mount --make-shared /tmp/volume
            podman --runtime {Session.Runtime} run --rm --network none --cap-add sys_admin --volume /tmp/volume:/v:shared {Podman.Image} mount -t tmpfs inner /v/below
            grep -c 'inner /tmp/volume/below' /proc/mounts
            umount /tmp/volume/below; umount /tmp/volume
            """;
        Assert.Equal("1", Podman.Session.Shell(script).Succeeded());
    }

    [Fact]
    public void A_tmpfs_has_its_size_and_options()
    {
        string line = Shell("grep ' /data ' /proc/mounts", "--tmpfs", "/data:size=1m,mode=700,noexec");
        Assert.All(["tmpfs", "noexec", "size=1024k", "mode=700"], word => Assert.Contains(word, line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_tmpfs_begins_with_what_it_hides() => Assert.Contains("passwd", Lines(Run(["--tmpfs", "/etc:rw"], "ls", "/etc")));

    [Fact]
    public void A_tmpfs_has_the_mode_of_what_it_hides()
        => Assert.Equal(["755", "1777"], Lines(Run(["--mount", "type=tmpfs,dst=/home,notmpcopyup", "--mount", "type=tmpfs,dst=/tmp,notmpcopyup"], "stat", "-c", "%a", "/home", "/tmp")));

    [Fact]
    public void An_image_can_be_mounted() => Assert.Contains("busybox", Lines(Run(["--mount", $"type=image,src={Podman.Image},dst=/image"], "ls", "/image/bin")));

    [Fact]
    public void Shared_memory_has_its_size() => Assert.Equal("2048", Shell("df -k /dev/shm | tail -n 1 | awk '{print $2}'", "--shm-size", "2m"));

    [Fact]
    public void A_read_only_root_leaves_room_for_what_is_short_lived()
    {
        Outcome outcome = TryShell("touch /tmp/x && touch /run/x && touch /dev/shm/x && echo room; touch /x", "--read-only");
        Assert.Equal("room\n", outcome.Output);
        Assert.Contains("Read-only file system", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_only_root_can_be_read_only_throughout()
    {
        Outcome outcome = TryShell("for folder in / /tmp /run /dev /dev/shm; do touch $folder/x && echo $folder; done; echo >/dev/null && echo null", "--read-only", "--read-only-tmpfs=false");
        Assert.Equal("null\n", outcome.Output);
        Assert.Equal(5, outcome.Errors.Split("Read-only file system").Length - 1);
    }

    [Fact]
    public void Secrets_are_files_or_variables()
    {
        Podman.Session.Shell("printf hidden | podman secret create word -").Succeeded();
        Assert.Equal(
            ["hidden", "400 7", "hidden"],
            Lines(Shell("cat /run/secrets/word; echo; stat -c '%a %u' /run/secrets/word; echo $WORD", "--secret", "word,uid=7,mode=0400", "--secret", "word,type=env,target=WORD")));
        Podman.Says("secret", "rm", "word");
    }

    [Fact]
    public void What_systemd_wants_is_there()
        => Assert.Equal(
            ["podman", "/run tmpfs", "/run/lock tmpfs", "/tmp tmpfs", "/var/log/journal tmpfs"],
            Lines(Shell("echo $container; grep -E ' /(run|run/lock|tmp|var/log/journal) ' /proc/mounts | awk '{print $2, $3}' | sort", "--systemd=always")));
}
