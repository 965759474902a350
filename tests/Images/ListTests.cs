using System.Text.Json;

namespace Containerception.Images.Tests;

/// <summary>What is here, its names, and how it goes again.</summary>
public sealed class ListTests : IDisposable
{
    private static readonly TestImage First = TestImage.Of("a=one", "b=shared");
    private static readonly TestImage Second = TestImage.Of("a=two", "b=shared");
    private readonly HostileRegistry _registry = new();
    private readonly Cdock _cdock = new();

    public ListTests()
    {
        _registry.Has(First, "v1");
        _registry.Has(Second, "v2");
    }

    private string Name => $"{_registry.Host}/app";

    [Fact]
    public void Images_are_shown_in_dockers_table()
    {
        Pull("v1");
        string[] lines = _cdock.Says("images").Split('\n');
        Assert.Matches("^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$", lines[0]);
        Assert.Matches($"^{Name} +v1 +{First.Id.Hex[..12]} +[0-9]+ months ago +9B$", lines[1]);
        Assert.Matches($"^{Name} +v1 +{First.Digest} +{First.Id.Hex[..12]} +", _cdock.Says("image", "ls", "--digests").Split('\n')[1]);
        using JsonDocument json = JsonDocument.Parse(_cdock.Says("images", "--format", "json"));
        Assert.Equal(Name, json.RootElement.GetProperty("Repository").GetString());
        Assert.Equal("9B", json.RootElement.GetProperty("Size").GetString());
    }

    [Fact]
    public void Filters_choose()
    {
        Pull("v1");
        Pull("v2");
        _cdock.Says("tag", Name + ":v1", "other:1");
        _cdock.Says("rmi", Name + ":v2");
        _registry.Has(First, "v2");
        Pull("v2");
        Assert.Equal(["other:1", $"{Name}:v1", $"{Name}:v2"], Shown().Order(StringComparer.Ordinal).Order(Comparer<string>.Create((a, b) => b.StartsWith('o') ? 1 : a.StartsWith('o') ? -1 : 0)));
        Assert.Equal(["other:1"], Shown("-f", "reference=oth*"));
        Assert.Equal(["other:1"], Shown("other"));
        Assert.Equal([$"{Name}:v1"], Shown("-f", "reference=*/app:*1"));
        Assert.Empty(Shown("-f", "reference=app"));
        Assert.Empty(Shown("-f", "dangling=true"));
        Assert.Equal(3, Shown("-f", "label=colour").Length);
        Assert.Equal(3, Shown("-f", "label=colour=green").Length);
        Assert.Empty(Shown("-f", "label=colour=red"));
        Assert.Empty(Shown("-f", "before=other:1"));
        Assert.Contains("invalid filter 'colour'", _cdock.Do("images", "-f", "colour=red").Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_that_moves_leaves_an_image_without_one()
    {
        Pull("v1");
        _registry.Has(Second, "v1");
        Pull("v1");
        Assert.Equal([$"{Name}:<none>", $"{Name}:v1"], Shown().Order(StringComparer.Ordinal));
        Assert.Equal([$"{Name}:<none>"], Shown("-f", "dangling=true"));
        string[] lines = _cdock.Says("image", "prune", "-f").Split('\n');
        Assert.Equal(["Deleted Images:", $"untagged: {Name}@{First.Digest}", $"deleted: {First.Id}"], lines[..3]);
        Assert.Matches("^Total reclaimed space: [0-9.]+k?B$", lines[^1]);
        Assert.Equal([$"{Name}:v1"], Shown());
        Assert.Equal(Second.Layers.Length, Layers());
    }

    [Fact]
    public void The_last_name_takes_the_image_with_it()
    {
        Pull("v1");
        _cdock.Says("tag", Name + ":v1", "other:1");
        Assert.Equal($"Untagged: other:1", _cdock.Says("rmi", "other:1"));
        string[] lines = _cdock.Says("rmi", Name + ":v1").Split('\n');
        Assert.Equal([$"Untagged: {Name}:v1", $"Untagged: {Name}@{First.Digest}", $"Deleted: {First.Id}"], lines[..3]);
        Assert.Equal(5, lines.Length);
        Assert.Empty(Shown());
        Assert.Equal(0, Layers());
        Assert.Empty(Directory.GetFiles(Path.Join(_cdock.Root, "blobs"), "*", SearchOption.AllDirectories));
        Assert.Equal($"cdock: no such image: {Name}:v1", _cdock.Fails("rmi", Name + ":v1"));
    }

    [Fact]
    public void What_another_image_needs_stays()
    {
        Pull("v1");
        Pull("v2");
        _cdock.Says("rmi", Name + ":v1");
        Assert.Equal(2, Layers());
        Assert.Equal(4, Directory.GetFiles(Path.Join(_cdock.Root, "blobs"), "*", SearchOption.AllDirectories).Length);
        _cdock.Says("pull", "-q", Name + ":v1");
    }

    [Fact]
    public void An_id_stands_for_all_names_of_one_repository_and_asks_for_force_where_there_are_more()
    {
        Pull("v1");
        _cdock.Says("tag", Name + ":v1", "other:1");
        string id = First.Id.Hex[..12];
        Assert.Equal($"cdock: conflict: unable to delete {id} (must be forced) - image is referenced in multiple repositories", _cdock.Fails("rmi", id));
        Assert.Contains($"Deleted: {First.Id}", _cdock.Says("rmi", "-f", id[..4]), StringComparison.Ordinal);
        Assert.Empty(Shown());
    }

    [Fact]
    public void Content_stays_with_no_prune_and_goes_with_the_next()
    {
        Pull("v1");
        _cdock.Says("image", "rm", "--no-prune", Name + ":v1");
        Assert.Equal(2, Layers());
        Assert.Matches("^Total reclaimed space: [0-9.]+k?B$", _cdock.Says("image", "prune", "-f").Split('\n')[^1]);
        Assert.Equal(0, Layers());
    }

    [Fact]
    public async Task A_removal_beside_a_pull_takes_nothing_from_it()
    {
        Pull("v1");
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _registry.Answer = async context =>
        {
            if (context.Request.Url!.AbsolutePath.EndsWith(Second.Layers[0].ToString(), StringComparison.Ordinal))
            {
                reached.TrySetResult();
                await goOn.Task;
            }

            return false;
        };
        using Command pull = _cdock.Start(["pull", "-q", Name + ":v2"]);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Contains($"Deleted: {First.Id}", _cdock.Says("rmi", Name + ":v1"), StringComparison.Ordinal);
        Assert.Equal(2, Layers()); // Both of the first; one of them the pull counts upon.
        goOn.SetResult();
        pull.Wait().Succeeded();
        _cdock.Says("image", "prune", "-f");
        Assert.Equal(2, Layers());
        Assert.Equal([$"{Name}:v2"], Shown());
    }

    [Fact]
    public async Task Two_that_want_the_same_layer_fetch_it_once()
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _registry.Answer = async context =>
        {
            if (context.Request.Url!.AbsolutePath.EndsWith(First.Layers[0].ToString(), StringComparison.Ordinal))
            {
                reached.TrySetResult();
                await goOn.Task;
            }

            return false;
        };
        using Command one = _cdock.Start(["pull", "-q", Name + ":v1"]);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        using Command other = _cdock.Start(["pull", "-q", Name + ":v1"]);
        while (_registry.Asked.Count(path => path.EndsWith("/manifests/v1", StringComparison.Ordinal)) < 2)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        await Task.Delay(200, TestContext.Current.CancellationToken);
        goOn.SetResult();
        one.Wait().Succeeded();
        other.Wait().Succeeded();
        Assert.Single(_registry.Asked, path => path.EndsWith(First.Layers[0].ToString(), StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(Path.Join(_cdock.Root, "ingest")));
    }

    [Fact]
    public void A_removal_that_is_killed_can_be_done_again()
    {
        for (int i = 0; i < 10; i++)
        {
            _cdock.Do("pull", "-q", Name + ":v1").Succeeded();
            using (Command doomed = _cdock.Start(["rmi", Name + ":v1"]))
            {
                Thread.Sleep(2 + i);
            }

            _cdock.Do("rmi", Name + ":v1");
            _cdock.Says("image", "prune", "-f");
            Assert.Equal(0, Layers());
        }
    }

    [Fact]
    public void History_tells_the_last_step_first()
    {
        Pull("v1");
        string[] lines = _cdock.Says("history", Name + ":v1").Split('\n');
        Assert.Matches("^IMAGE +CREATED +CREATED BY +SIZE +COMMENT", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.Matches("^<missing> +N/A +6B", lines[2 - 1].StartsWith("<missing>", StringComparison.Ordinal) ? lines[1] : lines[1].Replace(First.Id.Hex[..12], "<missing>", StringComparison.Ordinal));
        Assert.Matches("""^<missing> +[0-9]+ months ago +CMD \["sh"\] +0B""", lines[2]);
        Assert.Matches("^<missing> +[0-9]+ months ago +ADD file +3B", lines[3]);
    }

    [Fact]
    public void Inspect_tells_all()
    {
        Pull("v1");
        using JsonDocument json = JsonDocument.Parse(_cdock.Says("image", "inspect", Name + ":v1"));
        JsonElement image = json.RootElement[0];
        Assert.Equal(First.Id.ToString(), image.GetProperty("Id").GetString());
        Assert.Equal("sh", image.GetProperty("Config").GetProperty("Cmd")[0].GetString());
        Assert.Equal(2, image.GetProperty("RootFS").GetProperty("Layers").GetArrayLength());
        Assert.Equal("amd64 linux", _cdock.Says("image", "inspect", "-f", "{{.Architecture}} {{.Os}}", First.Id.Hex[..6]));
        Outcome outcome = _cdock.Do("image", "inspect", "none");
        Assert.Equal((1, "[]"), (outcome.Status, outcome.Output.TrimEnd('\n')));
        Assert.StartsWith("cdock: no such image: none", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_none_is_refused()
    {
        Pull("v1");
        Assert.Contains("invalid reference format", _cdock.Fails("tag", Name + ":v1", "Other"), StringComparison.Ordinal);
        Assert.Equal("cdock: no such image: none", _cdock.Fails("tag", "none", "other"));
    }

    [Fact]
    public void A_damaged_database_is_named_with_a_remedy()
    {
        Directory.CreateDirectory(_cdock.Root);
        File.WriteAllText(Path.Join(_cdock.Root, "cdock.db"), "this is none, and long enough to be taken for one: " + new string('x', 5000));
        Assert.Equal($"cdock: the database {_cdock.Root}/cdock.db is damaged: file is not a database", _cdock.Fails("images"));
    }

    [Fact]
    public void A_full_disk_is_told_and_leaves_nothing()
    {
        Directory.CreateDirectory(_cdock.Root);
        _registry.Has(TestImage.OfSizes(6_000_000), "big");
        Command.Run("mount", "-t", "tmpfs", "-o", "size=4m", "none", _cdock.Root).Succeeded();
        try
        {
            string complaint = _cdock.Fails("pull", "-q", Name + ":big");
            Assert.Contains("No space left on device", complaint.Replace("ENOSPC", "No space left on device", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.Empty(Shown());
            Assert.Empty(Directory.GetDirectories(Path.Join(_cdock.Root, "staging")));
            _cdock.Says("image", "prune", "-f");
            _cdock.Says("pull", "-q", Name + ":v1");
        }
        finally
        {
            Command.Run("umount", _cdock.Root).Succeeded();
        }
    }

    public void Dispose()
    {
        _registry.Dispose();
        _cdock.Dispose();
    }

    private void Pull(string tag) => _cdock.Says("pull", "-q", $"{Name}:{tag}");

    private string[] Shown(params string[] flags)
        => _cdock.Says(["images", "--format", "{{.Repository}}:{{.Tag}}", .. flags]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private int Layers() => Directory.GetDirectories(Path.Join(_cdock.Root, "layers")).Length;
}
