using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

public sealed class BadCommandLineTests : ContainerTest
{
    [Theory]
    [InlineData(3, "No help topic for 'bogus'", "bogus")]
    [InlineData(1, "flag provided but not defined: -bogus", "--bogus")]
    [InlineData(1, "flag provided but not defined: -bogus", "list", "--bogus")]
    [InlineData(1, "flag provided but not defined: -bogus", "run", "--bogus", "x")]
    [InlineData(1, "format", "--log-format", "xml", "list")]
    [InlineData(1, "requires", "state")]
    [InlineData(1, "requires", "state", "a", "b")]
    [InlineData(1, "requires", "start")]
    [InlineData(1, "requires", "kill")]
    [InlineData(1, "requires", "kill", "a", "TERM", "x")]
    [InlineData(1, "requires", "delete")]
    [InlineData(1, "requires", "pause")]
    [InlineData(1, "requires", "resume")]
    [InlineData(1, "requires", "create")]
    [InlineData(1, "requires", "run")]
    [InlineData(1, "requires", "run", "a", "b")]
    [InlineData(1, "requires", "spec", "x")]
    [InlineData(1, "format", "list", "--format", "xml")]
    public void It_is_refused_and_says_why(int status, string expected, params string[] words)
    {
        // What lists nothing because there is no such directory would not look at its flags.
        Directory.CreateDirectory(Runtime.StateDirectory);
        Outcome outcome = Runtime.Invoke(words);
        Assert.Equal(status, outcome.Status);
        Assert.Contains(expected, outcome.Message + outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("../../etc")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\nb")]
    public void An_id_that_is_no_name_is_refused(string id)
    {
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        Outcome outcome = Runtime.Invoke("run", "--bundle", Bundle.Path, id);
        Assert.Equal(1, outcome.Status);
        Assert.Matches("invalid container ID format|cannot be empty", outcome.Errors);
    }

    [Fact]
    public void A_bundle_that_does_not_exist_is_named()
    {
        Outcome outcome = Runtime.Invoke("run", "--bundle", "/no/such/bundle", Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("/no/such/bundle", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Spec_overwrites_nothing()
    {
        Outcome outcome = Runtime.Invoke("spec", "--bundle", Bundle.Path);
        Assert.Equal(1, outcome.Status);
        Assert.Contains("exists", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_must_be_one()
    {
        StartDetached();
        foreach (string signal in (ReadOnlySpan<string>)["SIGBOGUS", "0x9", "9x"])
        {
            Assert.Equal(1, Runtime.Invoke("kill", Id, signal).Status);
        }

        DeleteForced();
    }

    [Fact]
    public void A_file_is_no_directory_for_the_state()
    {
        string file = Path.Combine(Scratch, "file");
        File.WriteAllText(file, "");
        Bundle.Save();
        Outcome outcome = Runtime.InvokeBare("--root", file, "run", "--bundle", Bundle.Path, Id);
        Assert.Equal(1, outcome.Status);
        Assert.Contains($"cannot make the directory {file}", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_flag_may_have_one_dash()
        => Assert.Equal("", Runtime.InvokeBare("-root", Directory.CreateDirectory(Runtime.StateDirectory).FullName, "list", "-quiet").Succeeded());

    [Fact]
    public void A_json_log_holds_one_object()
    {
        string log = Path.Combine(Scratch, "log.json");
        Outcome outcome = Runtime.Invoke("--log", log, "--log-format", "json", "state", Id);
        Assert.Equal(1, outcome.Status);
        JsonNode entry = JsonNode.Parse(File.ReadAllText(log))!;
        Assert.Equal("error", entry["level"]!.GetValue<string>());
        Assert.Contains("does not exist", entry["msg"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("does not exist", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_names_the_specification()
    {
        string[] lines = Runtime.Invoke("--version").Succeeded().Split('\n');
        Assert.Contains("version", lines[0], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("spec: 1.", StringComparison.Ordinal));
    }

    [Fact]
    public void The_features_say_what_it_can_do()
    {
        JsonNode features = JsonNode.Parse(Runtime.Invoke("features").Succeeded())!;
        Assert.Equal("1.0.0", features["ociVersionMin"]!.GetValue<string>());
        Assert.StartsWith("1.", features["ociVersionMax"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("createRuntime", features["hooks"].Strings());
        Assert.Contains("bind", features["mountOptions"].Strings());
        Assert.True(features.At("linux.seccomp.enabled").GetValue<bool>());
    }
}
