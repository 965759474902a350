using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Containerception.Engine;
using Containerception.Images;

namespace Containerception.Cdock;

/// <summary>What <c>system df</c> tells.</summary>
internal sealed record DiskReport
{
    private const int ShortIdLength = 12;

    public required IReadOnlyList<(StoredImage Image, int Containers)> Images { get; init; }

    public required IReadOnlyList<(ContainerInfo Container, long Bytes)> Containers { get; init; }

    public required IReadOnlyList<(VolumeInfo Volume, long Bytes)> Volumes { get; init; }

    public static DiskReport Measure(ContainerEngine engine)
    {
        IReadOnlyList<ContainerInfo> containers = engine.List(all: true);
        using ImageSession session = ImageSession.Open();
        return new DiskReport
        {
            Images = [.. session.Store.Table.List().Select(image => (image, containers.Count(one => one.ImageId == image.Id.ToString())))],
            Containers = [.. containers.Select(one => (one, ContainerEngine.SizeOf(one)))],
            Volumes = [.. engine.ListVolumes().Select(volume => (volume, ContainerEngine.SizeOf(volume)))],
        };
    }

    public IEnumerable<Row> Rows()
    {
        yield return Row("Images", Images.Count, Images.Count(one => one.Containers > 0), Images.Sum(one => one.Image.Size), Images.Where(one => one.Containers == 0).Sum(one => one.Image.Size));
        yield return Row(
            "Containers", Containers.Count, Containers.Count(one => Runs(one.Container)), Containers.Sum(one => one.Bytes), Containers.Where(one => !Runs(one.Container)).Sum(one => one.Bytes));
        yield return Row(
            "Local Volumes", Volumes.Count, Volumes.Count(one => !one.Volume.Users.IsEmpty), Volumes.Sum(one => one.Bytes), Volumes.Where(one => one.Volume.Users.IsEmpty).Sum(one => one.Bytes));
    }

    public string Verbose(DateTimeOffset now)
    {
        StringBuilder text = new();
        text.Append("Images space usage:\n\n").Append(TabbedText.Align(string.Concat(
            Images.SelectMany(one => Names(one.Image).Select(name =>
                $"{name.Repository}\t{name.Tag}\t{one.Image.Id.Hex[..ShortIdLength]}\t{Words.Ago(one.Image.Created, now)}\t{Words.Size(one.Image.Size, 3)}\t{one.Containers}\n"))
            .Prepend("REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\tCONTAINERS\n"))));
        text.Append("\nContainers space usage:\n\n").Append(TabbedText.Align(string.Concat(
            Containers.Select(one =>
                $"{one.Container.Id[..ShortIdLength]}\t{one.Container.Image}\t{Words.Size(one.Bytes, 3)}\t{Words.Ago(one.Container.Created, now)}\t{one.Container.State.ToString().ToLowerInvariant()}\t{one.Container.Name}\n")
            .Prepend("CONTAINER ID\tIMAGE\tSIZE\tCREATED\tSTATE\tNAMES\n"))));
        text.Append("\nLocal Volumes space usage:\n\n").Append(TabbedText.Align(string.Concat(
            Volumes.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Volume.Name}\t{one.Volume.Users.Length}\t{Words.Size(one.Bytes)}\n"))
            .Prepend("VOLUME NAME\tLINKS\tSIZE\n"))));
        return text.ToString();
    }

    private static IEnumerable<(string Repository, string Tag)> Names(StoredImage image)
        => image.IsDangling ? [("<none>", "<none>")] : image.Tags.Select(name => (name.Reference.FamiliarName, name.Reference.Tag!));

    private static bool Runs(ContainerInfo one) => one.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting;

    private static Row Row(string type, int count, int active, long size, long reclaimable) => new(new JsonObject
    {
        ["Active"] = active.ToString(CultureInfo.InvariantCulture),
        ["Reclaimable"] = string.Create(CultureInfo.InvariantCulture, $"{Words.Size(reclaimable)}{(size > 0 ? $" ({100 * reclaimable / size}%)" : "")}"),
        ["Size"] = Words.Size(size),
        ["TotalCount"] = count.ToString(CultureInfo.InvariantCulture),
        ["Type"] = type,
    });
}
