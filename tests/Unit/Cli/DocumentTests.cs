using Containerception.Cli;

namespace Containerception.Unit.Tests.Cli;

/// <summary>What is generated from the tables of verbs and flags.</summary>
public sealed class DocumentTests
{
    [Fact]
    public void Every_verb_is_found_by_its_name()
        => Assert.All(Verbs.All, verb => Assert.Same(verb, Verbs.Find(verb.Name)));

    [Fact]
    public void Every_flag_of_a_verb_is_in_its_help_and_in_every_document()
    {
        string[] documents = [ManPage.Write().Replace("\\-", "-", StringComparison.Ordinal), MarkdownPage.Write(), BashCompletion.Write(), ZshCompletion.Write()];
        foreach (Verb verb in Verbs.All.Where(verb => !verb.Hidden))
        {
            foreach (Flag flag in HelpText.Visible(verb))
            {
                Assert.Contains(flag.Spelling, HelpText.Of(verb), StringComparison.Ordinal);
                Assert.All(documents, document => Assert.Contains("--" + flag.Name, document, StringComparison.Ordinal));
                Assert.Contains($"-l {flag.Name}", FishCompletion.Write(), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("restore")]
    [InlineData("init")]
    public void What_is_not_supported_has_help_and_is_not_told_of(string name)
    {
        Verb verb = Verbs.Find(name)!;
        ParsedFlags parsed = FlagParser.Parse(["--image-path", "x", "--help"], [Flag.HelpFlag], verb.FlagPlace);

        Assert.True(parsed.Is(Flag.HelpFlag));
        Assert.DoesNotContain($"   {name} ", HelpText.Program(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_else_is_known() => Assert.Null(Verbs.Find("bogus"));

    [Fact]
    public void No_two_flags_of_a_verb_share_a_name()
        => Assert.All(Verbs.All, verb => Assert.Distinct(HelpText.Visible(verb).SelectMany(flag => flag.Names)));
}
