using Containerception.Oci;

namespace Containerception.Images.Tests;

/// <summary>What containers were made of stays.</summary>
public sealed class RemovalTests : IDisposable
{
    private const string Container = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static readonly TestImage Image = TestImage.Of("a=one");
    private readonly HostileRegistry _registry = new();
    private readonly Store _store = new();

    public RemovalTests()
    {
        _registry.Has(Image);
        _store.Pull(Name);
    }

    private string Name => $"{_registry.Host}/app:latest";

    private static Digest DiffId => ImageConfig.Read(Image.Config).DiffIds[0];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_image_of_a_container_wants_force(bool runs)
    {
        string wrong = Fails(Name, force: false, runs);
        Assert.StartsWith($"conflict: unable to remove repository reference \"{Name}\" (must force) - container 0123456789ab is using its referenced image", wrong, StringComparison.Ordinal);
        Assert.StartsWith($"conflict: unable to delete {Image.Id.Hex[..12]} (must be forced) - container 0123456789ab", Fails(Image.Id.ToString(), force: false, runs), StringComparison.Ordinal);
        Assert.Single(_store.Images.Table.List());
    }

    [Fact]
    public void A_running_one_is_not_even_left_without_a_name_by_its_id()
        => Assert.Contains("(cannot be forced)", Fails(Image.Id.ToString(), force: true, runs: true), StringComparison.Ordinal);

    [Fact]
    public void With_force_its_names_go_and_its_layers_stay()
    {
        Removed removed = Removal(runs: true).Remove(Name, force: true, collect: true);
        Assert.Equal([Name, $"{_registry.Host}/app@{Image.Digest}"], removed.Untagged);
        Assert.Empty(removed.Deleted);
        Assert.True(_store.Images.Table.List().Single().IsDangling);
        Assert.Empty(Removal(runs: false).Prune(all: true, _ => true).Deleted);
        Assert.True(_store.Images.Layers.Has(DiffId));
        Assert.Contains(Image.Id.ToString(), new Removal(_store.Images, () => []).Prune(all: false, _ => true).Deleted);
        Assert.False(_store.Images.Layers.Has(DiffId));
    }

    [Fact]
    public void A_container_that_has_lost_its_image_keeps_its_layers()
    {
        _store.Images.Table.Remove(Image.Id);
        Removal(runs: false).Prune(all: true, _ => true);
        Assert.True(_store.Images.Layers.Has(DiffId));
        Assert.True(_store.Images.Contents.Has(Image.Id));
    }

    public void Dispose()
    {
        _registry.Dispose();
        _store.Dispose();
    }

    private string Fails(string name, bool force, bool runs)
    {
        ImageException failure = Assert.Throws<ImageException>(() => Removal(runs).Remove(name, force, collect: true));
        Assert.Equal(ImageFailure.Conflict, failure.Failure);
        return failure.Message;
    }

    private Removal Removal(bool runs) => new(_store.Images, () => [new ImageUser(Container, Image.Id, runs)]);
}
