using Containerception.Oci;

namespace Containerception.Cgroups.Tests;

/// <summary>Limits and annotations as properties of systemd's units, on any machine.</summary>
public sealed class UnitTests
{
    [Fact]
    public void Limits_become_properties()
        => Assert.Equal(
            [
                "MemoryMax=1000", "MemorySwapMax=2000", "MemoryLow=500", "CPUWeight=59", "CPUQuotaPeriodUSec=100000", "CPUQuotaPerSecUSec=160000",
                "AllowedCPUs=[11, 2]", "AllowedMemoryNodes=[1]", "TasksMax=64", "IOWeight=4950",
            ],
            V2(new()
            {
                Memory = new() { Limit = 1000, Swap = 3000, Reservation = 500 },
                Cpu = new() { Shares = 512, Quota = 15_500, Period = 100_000, Cpus = "0-1,3,9", Mems = "0" },
                Pids = new() { Limit = 64 },
                BlockIo = new() { Weight = 500 },
            }));

    [Fact]
    public void No_limit_is_infinity()
        => Assert.Equal(
            [$"MemoryMax={ulong.MaxValue}", $"MemorySwapMax={ulong.MaxValue}", "CPUQuotaPeriodUSec=5000", $"CPUQuotaPerSecUSec={ulong.MaxValue}", $"TasksMax={ulong.MaxValue}"],
            V2(new() { Memory = new() { Limit = -1 }, Cpu = new() { Quota = -1, Period = 5000 }, Pids = new() { Limit = -1 } }));

    [Fact]
    public void The_files_that_unified_names_count_more()
        => Assert.Equal(
            ["MemoryMax=7", "MemoryHigh=4", "MemoryMin=3", "CPUQuotaPeriodUSec=50000", "CPUQuotaPerSecUSec=200000", "TasksMax=9"],
            V2(new()
            {
                Memory = new() { Limit = 5 },
                Unified = Map(("memory.max", "7"), ("memory.high", "4"), ("memory.min", " 3 "), ("cpu.max", "10000 50000"), ("pids.max", "9"), ("hugetlb.2MB.max", "1"), ("memory.low", "5M")),
            }).OrderBy(Rank));

    [Fact]
    public void An_idle_group_is_one_without_weight_where_systemd_knows_it()
    {
        LinuxResources idle = new() { Cpu = new() { Shares = 512, Idle = 1 } };

        Assert.Equal(["CPUWeight=0"], V2(idle));
        Assert.Empty(V2(idle, version: 247));
    }

    [Fact]
    public void Version_1_has_properties_of_its_own()
        => Assert.Equal(
            ["MemoryLimit=1000", "CPUShares=512", "CPUQuotaPeriodUSec=10000", "CPUQuotaPerSecUSec=500000", "TasksMax=64", "DevicePolicy=strict", "DeviceAllow=[[/dev/char/1:3, rwm], [char-*, m]]"],
            Describe(UnitLimits.Of(LimitsV1.Compile(new()
            {
                Memory = new() { Limit = 1000 },
                Cpu = new() { Shares = 512, Quota = 5000, Period = 10_000 },
                Pids = new() { Limit = 64 },
                Devices = [PlanTests.Deny(), PlanTests.Allow("c", 1, 3, "rwm"), PlanTests.Allow("c", null, null, "m"), PlanTests.Allow("c", null, 5, "r")],
            }), () => 247)));

    [Theory]
    [InlineData("true", "b", "true")]
    [InlineData("5", "i", "5")]
    [InlineData("-5", "i", "18446744073709551611")]
    [InlineData("uint64 5", "t", "5")]
    [InlineData("@t 0x10", "t", "16")]
    [InlineData("byte 255", "y", "255")]
    [InlineData("5.5", "d", "5.5")]
    [InlineData("'it\\'s \\\\a'", "s", "it's \\a")]
    [InlineData("\"text\"", "s", "text")]
    [InlineData("['a.service', \"b.service\"]", "as", "[a.service, b.service]")]
    [InlineData("[uint32 1, 2]", "au", "[1, 2]")]
    [InlineData("@as []", "as", "[]")]
    [InlineData("@a(sa{sv}(bd)) []", "a(sa{sv}(bd))", "[]")]
    [InlineData("@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaas []", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaas", "[]")]
    [InlineData("[[1], [2]]", "aai", "[[1], [2]]")]
    [InlineData("b'ab'", "ay", "[97, 98, 0]")]
    [InlineData("objectpath '/'", "o", "/")]
    [InlineData("@ao ['/a/b_1', '/c']", "ao", "[/a/b_1, /c]")]
    [InlineData("signature 'a{sv}as'", "g", "a{sv}as")]
    [InlineData("signature ''", "g", "")]
    public void A_property_is_written_as_GVariant_text(string text, string signature, string value)
    {
        DBusValue? parsed = PropertyText.Parse(text);

        Assert.Equal(signature, parsed?.Signature);
        Assert.Equal("X=" + value, new UnitProperty("X", parsed!).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("'open")]
    [InlineData("[1, 'a']")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("5 6")]
    [InlineData("byte 256")]
    [InlineData("uint64 'a'")]
    [InlineData("3000000000")]
    [InlineData("(1, 2)")]
    [InlineData("'\\")]
    [InlineData("@a []")]
    [InlineData("@a( []")]
    [InlineData("@a() []")]
    [InlineData("@a(s} []")]
    [InlineData("@a{vs} []")]
    [InlineData("@a{s} []")]
    [InlineData("@{ss} []")]
    [InlineData("@ass []")]
    [InlineData("objectpath ''")]
    [InlineData("objectpath 'a/b'")]
    [InlineData("objectpath '/a/'")]
    [InlineData("objectpath '/a//b'")]
    [InlineData("objectpath '/a-b'")]
    [InlineData("@ao ['/a', 'b']")]
    [InlineData("signature 'a'")]
    [InlineData("signature 'sz'")]
    [InlineData("@az []")]
    [InlineData("@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaas []")]
    public void What_is_no_value_is_refused(string text) => Assert.Null(PropertyText.Parse(text));

    [Fact]
    public void Brackets_without_end_are_refused() => Assert.Null(PropertyText.Parse(new string('[', 1 << 20)));

    [Fact]
    public void Annotations_name_properties_and_seconds_become_microseconds()
        => Assert.Equal(
            ["CollectMode=inactive", "NameSEC=1", "RuntimeMaxUSec=2500000", "TimeoutStopUSec=5000000"],
            Describe(UnitProperty.FromAnnotations(Map(
                ("org.systemd.property.TimeoutStopSec", "uint16 5"), ("org.systemd.property.RuntimeMaxSec", "2.5"), ("org.systemd.property.NameSEC", "1"),
                ("org.systemd.property.CollectMode", "'inactive'"), ("org.example.other", "???")))).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("org.systemd.property.Ab", "1", "\"Ab\" is not the name of a systemd property")]
    [InlineData("org.systemd.property.A.b", "1", "\"A.b\" is not the name of a systemd property")]
    [InlineData("org.systemd.property.TimeoutStopSec", "'a'", "a is not a number of seconds")]
    [InlineData("org.systemd.property.TimeoutStopSec", "-1.5", "-1.5 is not a number of seconds")]
    [InlineData("org.systemd.property.TimeoutStopSec", "double NaN", "NaN is not a number of seconds")]
    [InlineData("org.systemd.property.Slice", "a", "\"a\" is not a value")]
    public void A_wrong_annotation_is_named(string key, string value, string problem)
        => Assert.Equal($"annotations[\"{key}\"]: {problem}", Assert.Throws<CgroupException>(() => UnitProperty.FromAnnotations(Map((key, value)))).Message);

    // The order of a map's files is theirs, not ours.
    private static int Rank(string property)
        => Array.IndexOf(["MemoryMax", "MemoryHigh", "MemoryMin", "CPUQuotaPeriodUSec", "CPUQuotaPerSecUSec", "TasksMax"], property[..property.IndexOf('=', StringComparison.Ordinal)]);

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs)
        => System.Collections.Immutable.ImmutableSortedDictionary.CreateRange(pairs.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));

    private static IEnumerable<string> V2(LinuxResources resources, int version = 257) => Describe(UnitLimits.Of(LimitsV2.Compile(resources), () => version));

    private static IEnumerable<string> Describe(IEnumerable<UnitProperty> properties) => properties.Select(property => property.ToString());
}
