namespace Containerception.Conformance.Tests;

public sealed class HostnameTests : ContainerTest
{
    [Fact]
    public void The_hostname_is_the_configured_one()
    {
        Config.Set("hostname", "zebra");
        Assert.Equal("zebra", Probe("hostname"));
    }

    [Fact]
    public void The_domain_name_is_the_configured_one()
    {
        Config.Set("domainname", "example.org");
        Assert.Equal("example.org", Probe("domainname"));
    }

    [Fact]
    public void The_hosts_own_name_stays()
    {
        string before = Environment.MachineName;
        Config.Set("hostname", "zebra");
        Probe("hostname");
        Assert.Equal(before, Environment.MachineName);
    }

    [Fact]
    public void A_hostname_needs_a_uts_namespace()
    {
        Config.Set("hostname", "zebra");
        Config.WithoutNamespace("uts");
        Outcome outcome = Run();
        Assert.NotEqual(0, outcome.Status);
        Assert.NotEqual("zebra", Environment.MachineName);
    }
}
