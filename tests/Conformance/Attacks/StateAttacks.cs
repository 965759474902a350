using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>A state directory that somebody else has made, links in it, and a log that says more than happened.</summary>
public sealed class StateAttacks : ContainerTest
{
    private static readonly string[] Verbs = ["state", "start", "delete", "kill", "pause", "ps"];

    private string Planted => Path.Combine(Runtime.StateDirectory, Id);

    [Fact]
    public void The_state_directory_is_closed_to_others()
    {
        StartDetached();
        Assert.Equal("700", Command.Run("stat", "-c", "%a", Runtime.StateDirectory).Succeeded());
        DeleteForced();
    }

    /// <summary>Who may write there says which hooks root runs, and whom it kills.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_state_directory_of_somebody_else_is_not_believed(bool ownedByOther)
    {
        Canary canary = new(Scratch);
        Config.AddHook("poststop", "/bin/sh", "-c", $"echo >{canary.Folder}/made");
        Config.SetWords("process.args", "/bin/true");
        Create().Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitForStatus("stopped");
        if (ownedByOther)
        {
            Posix.Chown(Planted, 1234, 1234);
        }
        else
        {
            File.SetUnixFileMode(Planted, (UnixFileMode)Convert.ToInt32("777", 8));
        }

        foreach (string verb in Verbs)
        {
            Outcome outcome = Runtime.Invoke(verb == "kill" ? [verb, Id, "KILL"] : [verb, Id]);
            Assert.True(outcome.Status != 0, $"{verb}: {outcome}");
        }

        Assert.NotEqual(0, Runtime.Invoke("delete", "--force", Id).Status);
        Assert.NotEqual(0, Create().Status);
        canary.AssertUntouched();
        Posix.Chown(Planted, 0, 0);
        File.SetUnixFileMode(Planted, (UnixFileMode)Convert.ToInt32("711", 8));
        DeleteForced();
    }

    [Fact]
    public void A_link_in_place_of_a_state_directory_is_not_followed()
    {
        Canary canary = new(Scratch);
        Directory.CreateDirectory(Runtime.StateDirectory);
        File.CreateSymbolicLink(Planted, canary.Folder);
        Config.SetWords("process.args", "/bin/true");
        Assert.NotEqual(0, Create().Status);
        foreach (string verb in Verbs)
        {
            Assert.NotEqual(0, Runtime.Invoke(verb == "kill" ? [verb, Id, "KILL"] : [verb, Id]).Status);
        }

        canary.AssertUntouched();
        File.Delete(Planted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\": null}")]
    [InlineData("\u0000\u0000")]
    [InlineData("@pid -1")]
    [InlineData("@pid 99999999999999999999")]
    [InlineData("@created yesterday")]
    [InlineData("@namespaces -1")]
    [InlineData("@bundle null")]
    [InlineData("@cgroup_paths 7")]
    public void A_state_file_that_is_damaged_is_told_and_can_be_removed(string content)
    {
        Config.SetWords("process.args", "/bin/true");
        Create().Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitForStatus("stopped");
        string file = Path.Combine(Planted, "state.json");
        string good = File.ReadAllText(file);
        if (content.StartsWith('@'))
        {
            string[] words = content[1..].Split(' ');
            JsonNode state = JsonNode.Parse(good)!;
            state[words[0] == "pid" ? "init_process_pid" : words[0]] = words[1] == "yesterday" ? "yesterday" : JsonNode.Parse(words[1]);
            content = state.ToJsonString();
        }

        File.WriteAllText(file, content);
        Outcome outcome = Runtime.Invoke("state", Id);
        Assert.NotEqual(0, outcome.Status);
        Assert.Contains("damaged", outcome.Errors, StringComparison.Ordinal);
        DeleteForced();
        Assert.False(Directory.Exists(Planted));

        // The control groups, which nobody could know of any more, are the test's to remove.
        foreach (string path in JsonNode.Parse(good)!["cgroup_paths"]!.AsObject().Select(pair => pair.Value!.GetValue<string>()).Where(Directory.Exists))
        {
            Directory.Delete(path);
        }
    }

    [Theory]
    [InlineData("../up")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("-a/../../b")]
    public void An_id_is_the_name_of_a_folder_and_no_path(string id)
    {
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        Assert.NotEqual(0, Runtime.Invoke("run", "--bundle", Bundle.Path, "--", id).Status);
        Assert.False(Directory.Exists(Runtime.StateDirectory) && Directory.EnumerateFileSystemEntries(Runtime.StateDirectory).Any());
    }

    /// <summary>The file beside the pid file has a name that can be guessed.</summary>
    [Fact]
    public void A_link_beside_the_pid_file_is_not_written_through()
    {
        Canary canary = new(Scratch);
        string pidFile = Path.Combine(Scratch, "pid");
        File.CreateSymbolicLink(Path.Combine(Scratch, ".pid"), canary.Secret);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Create("--pid-file", pidFile).Succeeded();
        Assert.Equal(State()["pid"]!.GetValue<int>().ToString(), File.ReadAllText(pidFile));
        DeleteForced();
        canary.AssertUntouched();
    }

    /// <summary>What an image names appears in messages, and messages on terminals and in logs.</summary>
    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public void A_name_with_control_characters_is_one_line_that_no_terminal_obeys(string format)
    {
        string log = Path.Combine(Scratch, "log");
        Config.SetWords("process.args", "/bin/\u001b]0;owned\u0007\nlevel=error msg=forged\u009b31m");
        Bundle.Save();
        Outcome outcome = Runtime.Invoke("--log", log, "--log-format", format, "run", "--bundle", Bundle.Path, Id);
        Assert.NotEqual(0, outcome.Status);
        foreach (string said in (ReadOnlySpan<string>)[outcome.Errors, File.ReadAllText(log)])
        {
            Assert.DoesNotContain(said, letter => char.IsControl(letter) && letter != '\n');
            Assert.DoesNotContain(said.Split('\n'), line => line.StartsWith("level=", StringComparison.Ordinal));
        }
    }
}
