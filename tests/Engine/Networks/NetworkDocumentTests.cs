namespace Containerception.Engine.Tests;

/// <summary>Types what docs/networks.md tells its reader to type.</summary>
public sealed class NetworkDocumentTests : IDisposable
{
    private readonly Site _site = new();

    [Fact]
    public void The_commands_of_the_document_work_in_their_order()
    {
        string[] lines = [.. File.ReadLines(Path.Join(Cdock.Repository, "docs/networks.md")).SkipWhile(line => line != "```sh").Skip(1).TakeWhile(line => line != "```")];

        Assert.NotEmpty(lines);
        foreach (string line in lines)
        {
            string[] words = line.Split(" #")[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("cdock", words[0]);
            string output = _site.Cdock.Ok(words[1..]);
            if (words[1] == "exec")
            {
                Assert.EndsWith(" db", output, StringComparison.Ordinal);
            }
        }
    }

    public void Dispose() => _site.Dispose();
}
