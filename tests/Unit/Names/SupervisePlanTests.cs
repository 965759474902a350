using Containerception.Supervision;

namespace Containerception.Unit.Tests.Names;

/// <summary>What cdock writes for its supervisor is what the supervisor reads.</summary>
public sealed class SupervisePlanTests
{
    [Fact]
    public void A_plan_says_where_questions_come_in_and_what_is_held()
    {
        SupervisePlan plan = new()
        {
            Id = "4f",
            Name = "db",
            Image = "debian",
            Directory = "/c/4f",
            RuntimeRoot = "/run/ception",
            Dns = new DnsPlan { Udp = 4, Tcp = 5, File = "/c/4f/dns.json" },
            Relays = true,
            Held = ["a", "b"],
        };

        SupervisePlan read = SupervisePlan.Read(plan.ToJson());
        Assert.Equal(plan.Dns, read.Dns);
        Assert.Equal(plan.Held, read.Held);
        Assert.True(read.Relays);
        Assert.Null(SupervisePlan.Read((plan with { Dns = null }).ToJson()).Dns);
    }

    [Fact]
    public void Names_come_back_as_they_were_written()
    {
        DnsNames names = new() { Networks = ["/n/one/names"], Servers = ["10.0.0.1", "fe80::1%eth0"], Forward = true };

        DnsNames read = DnsNames.Read(names.ToJson());
        Assert.Equal(names.Networks, read.Networks);
        Assert.Equal(names.Servers, read.Servers);
        Assert.True(read.Forward);
        Assert.Throws<FormatException>(() => DnsNames.Read("{\"networks\": []}"u8.ToArray()));
    }
}
