namespace Containerception.Clients.Tests;

/// <summary>cdock inside a container of docker, and what docs/nesting.md tells of docker either way.</summary>
public sealed class InsideDockerTests : DockerTest
{
    /// <summary>The least that cdock takes, but for <c>apparmor=unconfined</c> where there is AppArmor.</summary>
    internal static readonly string[] Flags =
        ["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined", "--volume", "/var/lib/cdock"];

    public InsideDockerTests(Docker docker)
        : base(docker) => EngineImage.Import(docker.Session, "docker");

    public static TheoryData<string> Document() => NestingDocument.Blocks("docker");

    [Fact]
    public void It_runs_containers()
        => Assert.Equal(EngineImage.UseSays, Docker.Says(["run", "--rm", .. Flags, EngineImage.Name, "sh", "-c", EngineImage.Use]));

    [Fact]
    public void With_groups_that_it_may_write_it_limits_them()
        => Assert.Equal("33554432", Docker.Says(
            ["run", "--rm", .. Flags, "--security-opt", "writable-cgroups=true", EngineImage.Name,
                "sh", "-c", "cdock import /box.tar box >/dev/null; cdock run --rm --memory 32m box cat /sys/fs/cgroup/memory/memory.limit_in_bytes"]));

    [Theory]
    [MemberData(nameof(Document))]
    public void What_the_document_tells_is_so(string block) => NestingDocument.Holds(Docker.Session, block);
}
