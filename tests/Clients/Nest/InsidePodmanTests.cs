namespace Containerception.Clients.Tests;

/// <summary>cdock inside a container of podman, and what docs/nesting.md tells of podman either way.</summary>
public sealed class InsidePodmanTests : PodmanTest
{
    private static readonly string[] Flags = ["--userns", "auto", "--cap-add", "SYS_ADMIN,NET_ADMIN", "--security-opt", "unmask=/proc/sys", "--volume", "/var/lib/cdock"];

    public InsidePodmanTests(Podman podman)
        : base(podman) => EngineImage.Import(podman.Session, "podman");

    public static TheoryData<string> Document() => NestingDocument.Blocks("podman");

    [Fact]
    public void It_runs_containers_with_ids_that_are_nobodys_outside()
        => Assert.Equal(EngineImage.UseSays, Podman.Says(["run", "--rm", .. Flags, EngineImage.Name, "sh", "-c", EngineImage.Use]));

    [Fact]
    public void Without_a_network_of_its_own_it_takes_less()
        => Assert.Equal("in", Podman.Says(
            "run", "--rm", "--userns", "auto", "--cap-add", "SYS_ADMIN,NET_ADMIN", "--volume", "/var/lib/cdock", EngineImage.Name,
            "sh", "-c", "cdock import /box.tar box >/dev/null; cdock run --rm --network none box echo in"));

    [Fact]
    public void Limits_are_refused_where_podman_shows_the_groups_read_only()
    {
        Outcome outcome = Podman.Do(
            ["run", "--rm", .. Flags, EngineImage.Name, "sh", "-c", "cdock import /box.tar box >/dev/null; cdock run --rm --memory 32m box true"]);

        Assert.Equal(125, outcome.Status);
        Assert.Contains("hint: the control groups are mounted read-only here", outcome.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Document))]
    public void What_the_document_tells_is_so(string block) => NestingDocument.Holds(Podman.Session, block);
}
