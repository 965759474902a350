namespace Containerception.Clients.Tests;

/// <summary>Volumes, binds, tmpfs, and a root that cannot be written.</summary>
public sealed class DockerMountTests(Docker docker) : DockerTest(docker)
{
    [Fact]
    public void A_volume_outlives_its_containers_and_is_read_only_where_it_was_said()
    {
        Docker.Says("volume", "create", "vol");

        Run(["--volume", "vol:/data"], "sh", "-c", "echo kept >/data/f");

        Assert.Equal("kept refused", Shell("echo $(cat /data/f) $(touch /data/g 2>/dev/null || echo refused)", "--volume", "vol:/data:ro"));
        Launch("one", ["--volume", "vol:/data"], "true");
        Assert.Equal("kept", Run(["--volumes-from", "one"], "cat", "/data/f"));
        Docker.Says("rm", "--force", "one");
        Docker.Says("volume", "rm", "vol");
    }

    [Fact]
    public void A_new_volume_begins_with_what_the_image_has_there_unless_told_otherwise()
    {
        Assert.Equal("kept", Shell("test -e /etc/group && echo kept", "--volume", "/etc"));
        Assert.Equal("none", Shell("test -e /etc/group || echo none", "--volume", "vol:/etc:nocopy"));
        Docker.Says("volume", "rm", "vol");
    }

    [Theory]
    [InlineData("rslave", "master")]
    [InlineData("rshared", "shared")]
    [InlineData("rprivate", "")]
    public void A_bind_has_the_propagation_that_was_asked_for(string propagation, string shown)
    {
        Docker.Session.Shell("mkdir -p /tmp/m; mountpoint -q /tmp/m || { mount -t tmpfs m /tmp/m; mount --make-rshared /tmp/m; }").Succeeded();

        Assert.Equal(shown, Shell("awk '$5 == \"/m\" { print $7 }' /proc/self/mountinfo | sed 's/:.*//; s/-//'", "--volume", $"/tmp/m:/m:{propagation}"));
    }

    [Fact]
    public void A_bind_brings_what_is_mounted_below_it_and_may_be_read_only_throughout()
    {
        Docker.Session.Shell("mkdir -p /tmp/r; mount -t tmpfs r /tmp/r; mkdir /tmp/r/below; mount -t tmpfs b /tmp/r/below").Succeeded();
        try
        {
            const string Touch = "for d in /m /m/below; do touch $d/x 2>/dev/null && echo -n 'written ' || echo -n 'refused '; done";

            Assert.Equal("written written ", Shell(Touch, "--volume", "/tmp/r:/m"));
            Assert.Equal("refused refused ", Shell(Touch, "--volume", "/tmp/r:/m:ro"));
            Assert.Equal("refused written ", Shell(Touch, "--mount", "type=bind,src=/tmp/r,dst=/m,readonly,bind-recursive=writable"));
            Assert.Equal("0", Shell("grep -c ' /m/below ' /proc/mounts || :", "--mount", "type=bind,src=/tmp/r,dst=/m,bind-recursive=disabled"));
        }
        finally
        {
            Docker.Session.Shell("umount /tmp/r/below /tmp/r").Succeeded();
        }
    }

    [Fact]
    public void A_file_may_be_bound() => Assert.Equal("session", Run(["--volume", "/etc/hostname:/etc/other:ro"], "cat", "/etc/other"));

    [Fact]
    public void Memory_is_mounted_as_was_asked_for()
        => Assert.Equal("drwxrwx--T 64 noexec", Shell(
            "echo $(ls -ld /t | cut -c1-10) $(df -k /t | awk 'END { print $2 }') $(grep ' /u ' /proc/mounts | grep -o noexec)",
            "--mount", "type=tmpfs,dst=/t,tmpfs-size=65536,tmpfs-mode=1770", "--tmpfs", "/u:size=1m"));

    [Fact]
    public void A_root_that_is_read_only_has_writable_places()
        => Assert.Equal("refused written 8192", Shell(
            "echo $(touch /f 2>/dev/null || echo refused) $(touch /t/f /dev/shm/f && echo written) $(df -k /dev/shm | awk 'END { print $2 }')",
            "--read-only", "--tmpfs", "/t", "--shm-size", "8m"));
}
