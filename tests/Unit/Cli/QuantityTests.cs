using Containerception.Cli;

namespace Containerception.Unit.Tests.Cli;

/// <summary>Sizes and times as Go programs read them.</summary>
public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("10b", 10)]
    [InlineData("10M", 10 << 20)]
    [InlineData("10m", 10 << 20)]
    [InlineData("10MB", 10 << 20)]
    [InlineData("10 MiB", 10 << 20)]
    [InlineData("1.5k", 1536)]
    [InlineData("2g", 2L << 30)]
    [InlineData("1P", 1L << 50)]
    [InlineData("-1", -1)]
    public void A_size_has_a_unit_or_none(string text, long expected)
    {
        Assert.True(ByteSize.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("10X")]
    [InlineData("10MMB")]
    [InlineData("-2")]
    [InlineData("1.2.3")]
    [InlineData("0x10")]
    [InlineData("99999999999P")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("5s", 5000)]
    [InlineData("500ms", 500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2000us", 2)]
    [InlineData("-3ms", -3)]
    [InlineData("+1s", 1000)]
    [InlineData("0", 0)]
    public void A_time_has_units(string text, int milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan span));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), span);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("5 s")]
    [InlineData("1d")]
    [InlineData("-")]
    [InlineData("1e3s")]
    [InlineData("9999999h")]
    public void What_is_no_time_is_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
