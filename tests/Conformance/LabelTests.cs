namespace Containerception.Conformance.Tests;

/// <summary>AppArmor profiles and SELinux labels where neither is on. What they do where AppArmor is on is tested in the virtual machine: tests/vm.</summary>
public sealed class LabelTests : ContainerTest
{
    [Fact]
    public void A_profile_is_refused_where_AppArmor_is_off()
    {
        NeedsNoAppArmor();
        Config.Set("process.apparmorProfile", "docker-default");
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("process.apparmorProfile: apparmor: config provided but apparmor not supported", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Unconfined_is_what_a_process_is_without_AppArmor()
    {
        NeedsNoAppArmor();
        Config.Set("process.apparmorProfile", "unconfined");
        RunArgs("/bin/true").Succeeded();
    }

    [Fact]
    public void A_label_is_refused_where_SELinux_is_off()
    {
        NeedsNoSelinux();
        Config.Set("process.selinuxLabel", "system_u:system_r:container_t:s0:c1,c2");
        Outcome outcome = RunArgs("/bin/true");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("selinux label is specified in config, but selinux is disabled or not supported", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Exec_refuses_them_too()
    {
        NeedsNoAppArmor();
        NeedsNoSelinux();
        StartDetached();
        Outcome apparmor = Runtime.Invoke("exec", "--apparmor", "docker-default", Id, "/bin/true");
        Outcome selinux = Runtime.Invoke("exec", "--process-label", "a:b:c:s0", Id, "/bin/true");
        Assert.Equal((255, 255), (apparmor.Status, selinux.Status));
        Assert.Contains("apparmor not supported", apparmor.Errors, StringComparison.Ordinal);
        Assert.Contains("selinux is disabled", selinux.Errors, StringComparison.Ordinal);
        DeleteForced();
    }

    private static void NeedsNoAppArmor() => Needs.Met(!Directory.Exists("/sys/module/apparmor"), "a kernel without AppArmor");

    private static void NeedsNoSelinux() => Needs.Met(!File.Exists("/sys/fs/selinux/enforce"), "a kernel without SELinux");
}
