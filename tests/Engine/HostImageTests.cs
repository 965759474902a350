namespace Containerception.Engine.Tests;

public sealed class HostImageTests : IDisposable
{
    private readonly Cdock _cdock = new();

    [Theory]
    [InlineData("/root")]
    [InlineData("/home")]
    [InlineData("/srv")]
    [InlineData("/boot")]
    [InlineData("/work")]
    [InlineData("/etc/shadow")]
    [InlineData("/etc/gshadow")]
    [InlineData("/etc/ssh")]
    [InlineData("/etc/ssl/private")]
    [InlineData("/etc/machine-id")]
    [InlineData("/var/lib")]
    [InlineData("/run/cdock")]
    public void What_is_private_on_the_host_is_absent(string path) => Assert.Equal("absent", _cdock.Says($"test -e {path} || echo absent"));

    [Fact]
    public void Nobody_of_the_hosts_people_is_known()
    {
        string passwd = _cdock.Says("cat /etc/passwd");

        Assert.StartsWith("root:x:0:0:", passwd, StringComparison.Ordinal);
        Assert.Contains("\nnobody:x:65534:65534:", passwd, StringComparison.Ordinal);
        Assert.All(passwd.Split('\n'), line => Assert.True(int.Parse(line.Split(':')[2], null) is < 1000 or 65534, line));
        Assert.All(passwd.Split('\n').Skip(1), line => Assert.EndsWith(":/nonexistent:/usr/sbin/nologin", line, StringComparison.Ordinal));
    }

    [Fact]
    public void No_socket_of_the_host_is_in_reach()
        => Assert.Equal("", _cdock.Says("find / -xdev -type s 2>/dev/null; find /run /tmp /var -mindepth 1 -type f 2>/dev/null"));

    [Fact]
    public void The_hosts_programs_run() => Assert.Equal("4", _cdock.Says("awk 'BEGIN { print 2 + 2 }' | sed s/x/y/ | tr -d ' '"));

    [Fact]
    public void Writes_are_thrown_away_and_the_host_stays_as_it_was()
    {
        Assert.Equal("changed", _cdock.Says("echo changed >/usr/written-in-a-container && cat /usr/written-in-a-container"));
        Assert.False(File.Exists("/usr/written-in-a-container"));
        Assert.Equal("gone", _cdock.Says("test -e /usr/written-in-a-container || echo gone"));
        Assert.Equal("", _cdock.Says("rm -rf /usr/share/doc && ls /usr/share/doc 2>/dev/null; true"));
        Assert.True(Directory.Exists("/usr/share/doc"));
    }

    [Fact]
    public void Read_only_means_the_programs_too()
        => Assert.NotEqual(0, _cdock.Shell("touch /x || touch /usr/x || touch /etc/x", "--read-only").ExitCode);

    [Fact]
    public void Tmp_is_everybodys() => Assert.Equal("ok", _cdock.Says("touch /tmp/x /var/tmp/x && echo ok", "-u", "1000"));

    [Fact]
    public void Links_beside_usr_are_as_on_the_host()
    {
        Needs.Met(new FileInfo("/bin").LinkTarget is not null, "a merged /usr");

        Assert.Equal(new FileInfo("/bin").LinkTarget, _cdock.Says("readlink /bin"));
    }

    [Fact]
    public void Certificates_and_alternatives_are_there_for_programs()
        => Assert.Equal(
            Directory.Exists("/etc/ssl/certs") ? Directory.EnumerateFileSystemEntries("/etc/ssl/certs").Count().ToString(null as IFormatProvider) : "0",
            _cdock.Says("ls -A /etc/ssl/certs 2>/dev/null | wc -l"));

    [Fact]
    public void The_default_command_is_a_shell() => Assert.Equal("from a shell\n",
        _cdock.Do(["run", "--rm", "--runtime", Cdock.Runtime, "-i", "host"], "echo from a shell\n").Output);

    public void Dispose() => _cdock.Dispose();
}
