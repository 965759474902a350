using Containerception.Cli;

namespace Containerception.Unit.Tests.Cli;

/// <summary>What runc 1.3.6 does with the same lines.</summary>
public sealed class FlagParserTests
{
    private static readonly Flag Bundle = Flag.Path("bundle", "b", "");
    private static readonly Flag Detach = Flag.Switch("detach", "d", "");
    private static readonly Flag NoSubreaper = Flag.Switch("no-subreaper", "");
    private static readonly Flag PreserveFds = Flag.Number("preserve-fds", "");
    private static readonly Flag Env = Flag.Texts("env", "e", "");
    private static readonly Flag[] Flags = [Bundle, Detach, NoSubreaper, PreserveFds, Env];

    [Theory]
    [InlineData("--bundle /b x", "/b", "x")]
    [InlineData("-bundle /b x", "/b", "x")]
    [InlineData("-b /b x", "/b", "x")]
    [InlineData("--b=/b x", "/b", "x")]
    [InlineData("-bundle=/b=c x", "/b=c", "x")]
    [InlineData("--bundle= x", "", "x")]
    [InlineData("x --bundle /b", "/b", "x")]
    [InlineData("x -d --bundle /b", "/b", "x")]
    [InlineData("-d --bundle /b -- x", "/b", "x")]
    [InlineData("--bundle /a --bundle /b x", "/b", "x")]
    [InlineData("--bundle -d x", "-d", "x")]
    [InlineData("--bundle -- x", "--", "x")]
    [InlineData("x", null, "x")]
    [InlineData("-", null, "-")]
    [InlineData("-- -d", null, "-d")]
    [InlineData("x -unknown --also", null, "x|-unknown|--also")]
    [InlineData("x y", null, "x|y")]
    [InlineData("", null, "")]
    public void A_flag_may_stand_anywhere(string line, string? bundle, string arguments)
    {
        ParsedFlags parsed = Parse(line, FlagPlace.Anywhere);

        Assert.Equal(bundle, parsed.Text(Bundle));
        Assert.Equal(arguments, string.Join('|', parsed.Arguments));
    }

    [Theory]
    [InlineData("-d x -b /b", true, "x|-b|/b")]
    [InlineData("x -d", false, "x|-d")]
    [InlineData("-d -- x -d", true, "x|-d")]
    [InlineData("x -- y", false, "x|--|y")]
    public void Where_flags_come_first_the_rest_belongs_to_somebody_else(string line, bool detach, string arguments)
    {
        ParsedFlags parsed = Parse(line, FlagPlace.First);

        Assert.Equal(detach, parsed.Is(Detach));
        Assert.Equal(arguments, string.Join('|', parsed.Arguments));
    }

    [Theory]
    [InlineData("-d", true)]
    [InlineData("--detach", true)]
    [InlineData("-detach=true", true)]
    [InlineData("-d=1", true)]
    [InlineData("-d=T", true)]
    [InlineData("-d=false", false)]
    [InlineData("-d -d=0", false)]
    [InlineData("-d=FALSE", false)]
    [InlineData("-d false", true)]
    public void A_switch_takes_a_value_only_behind_an_equals_sign(string line, bool detach)
        => Assert.Equal(detach, Parse(line, FlagPlace.Anywhere).Is(Detach));

    [Theory]
    [InlineData("-no-subreaper x")]
    [InlineData("--no-subreaper x")]
    public void A_long_flag_may_have_one_dash(string line) => Assert.True(Parse(line, FlagPlace.Anywhere).Is(NoSubreaper));

    [Fact]
    public void A_list_keeps_its_order_and_its_commas()
        => Assert.Equal(["A=1,2", "B", "C=d"], Parse("-e A=1,2 --env B x -env=C=d", FlagPlace.Anywhere).Texts(Env));

    [Theory]
    [InlineData("x", 0)]
    [InlineData("--preserve-fds 3", 3)]
    [InlineData("--preserve-fds=-1", -1)]
    public void A_number_has_a_default(string line, int number)
        => Assert.Equal(number, Parse(line, FlagPlace.Anywhere).Number(PreserveFds));

    [Theory]
    [InlineData("--bogus x", "flag provided but not defined: -bogus")]
    [InlineData("-bogus=1 x", "flag provided but not defined: -bogus")]
    [InlineData("-db x", "flag provided but not defined: -db")]
    [InlineData("-b", "flag needs an argument: -b")]
    [InlineData("x --bundle", "flag needs an argument: -bundle")]
    [InlineData("-d=maybe", "invalid boolean value \"maybe\" for -d: parse error")]
    [InlineData("-d=", "invalid boolean value \"\" for -d: parse error")]
    [InlineData("--preserve-fds x", "invalid value \"x\" for flag -preserve-fds: parse error")]
    [InlineData("--preserve-fds 99999999999", "invalid value \"99999999999\" for flag -preserve-fds: parse error")]
    [InlineData("---d", "bad flag syntax: ---d")]
    [InlineData("--=x", "bad flag syntax: --=x")]
    public void A_wrong_flag_is_told_in_the_words_of_Go(string line, string message)
        => Assert.Equal(message, Assert.Throws<UsageException>(() => Parse(line, FlagPlace.Anywhere)).Message);

    private static ParsedFlags Parse(string line, FlagPlace place)
        => FlagParser.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), Flags, place);
}
