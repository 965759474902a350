using System.Diagnostics;

namespace Containerception.Engine.Tests;

public sealed class DocumentTests : IDisposable
{
    private static readonly string[] Verbs = ["run", "exec", "ps", "kill", "rm", "version"];

    private readonly Cdock _cdock = new();

    [Fact]
    public void Every_verb_has_help()
    {
        string all = _cdock.Do("--help").Output;
        foreach (string verb in Verbs)
        {
            Assert.Contains($"  {verb} ", all, StringComparison.Ordinal);
            Outcome help = _cdock.Do(verb, "--help");
            Assert.Equal(0, help.ExitCode);
            Assert.Contains("Usage:", help.Output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("supervise", all, StringComparison.Ordinal);
        Assert.Equal(all, _cdock.Do().Output);
    }

    [Fact]
    public void The_version_is_told() => Assert.Matches("^Client:\n Version: +[0-9.]+\n", _cdock.Do("version").Output);

    [Theory]
    [InlineData("man", "--device-write-bps")]
    [InlineData("bash", "--device-write-bps")]
    [InlineData("zsh", "--device-write-bps")]
    [InlineData("fish", "-l device-write-bps")]
    [InlineData("markdown", "--device-write-bps")]
    public void Every_document_knows_every_verb_and_flag(string kind, string flag)
    {
        string text = _cdock.Do("generate", kind).Output.Replace("\\-", "-", StringComparison.Ordinal);

        Assert.Contains(flag, text, StringComparison.Ordinal);
        Assert.All(Verbs, verb => Assert.Contains(verb, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Bash_completes_verbs_and_flags()
    {
        string script = Path.Join(_cdock.Root, "completion.bash");
        File.WriteAllText(script, _cdock.Do("generate", "bash").Output + """
            try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cdock; echo "${COMPREPLY[@]}"; }
            try cdock res
            try cdock run --memory-r
            try cdock run h
            """);

        using Process process = _cdock.Start("bash", [script]);

        Assert.Equal(new Outcome(0, "restart\n--memory-reservation\nhost\n", ""), Cdock.Finish(process));
    }

    public void Dispose() => _cdock.Dispose();
}
