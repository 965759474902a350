using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>Many at once: one id for two, and many containers alive.</summary>
public sealed class CrowdTests : ContainerTest
{
    [Fact]
    public void Of_those_who_create_one_id_at_once_exactly_one_wins()
    {
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        for (int round = 0; round < 10; round++)
        {
            Command[] rivals = [.. Enumerable.Range(0, 4).Select(_ => Runtime.StartThrough(
                ["/bin/sh", "-c", $"exec \"$@\" >/dev/null 2>>{Scratch}/errors", "sh"], "create", "--bundle", Bundle.Path, Id))];
            int[] statuses = [.. rivals.Select(rival => rival.Wait().Status)];
            Array.ForEach(rivals, rival => rival.Dispose());
            Assert.Equal([0, 1, 1, 1], statuses.Order());
            Assert.Equal("created", State()["status"]!.GetValue<string>());
            Runtime.Invoke("start", Id).Succeeded();
            DeleteForced();
        }

        string[] errors = [.. File.ReadLines(Path.Combine(Scratch, "errors")).Where(line => line.Contains("level=error", StringComparison.Ordinal))];
        Assert.Equal(30, errors.Length);
        Assert.All(errors, line => Assert.Contains("container with given ID already exists", line, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("category", "long")]
    public void Five_hundred_containers_are_alive_at_once()
    {
        const int Count = 500;
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
        for (int i = 0; i < Count; i++)
        {
            using Command run = Runtime.StartThrough(
                ["/bin/sh", "-c", $"exec \"$@\" >/dev/null 2>>{Scratch}/errors", "sh"], "run", "--detach", "--bundle", Bundle.Path, $"{Id}-{i}");
            Assert.True(run.Wait().Status == 0, $"container {i}: {File.ReadAllText(Path.Combine(Scratch, "errors"))}");
        }

        JsonArray listed = JsonNode.Parse(Runtime.Invoke("list", "--format", "json").Succeeded())!.AsArray();
        Assert.Equal(Count, listed.Count(container => container!["status"]!.GetValue<string>() == "running"));
        Runtime.Invoke("exec", $"{Id}-{Count - 1}", "/bin/true").Succeeded();
        for (int i = 0; i < Count; i++)
        {
            Runtime.Invoke("delete", "--force", $"{Id}-{i}").Succeeded();
        }
    }
}
