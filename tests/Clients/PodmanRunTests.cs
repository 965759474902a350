namespace Containerception.Clients.Tests;

/// <summary>podman run, and what becomes of the exit status.</summary>
public sealed class PodmanRunTests(Podman podman) : PodmanTest(podman)
{
    [Fact]
    public void A_container_says_what_its_command_says()
        => Assert.Equal("hello", Run([], "echo", "hello"));

    [Fact]
    public void The_exit_status_is_the_commands()
        => Assert.Equal(42, Podman.Do("run", "--rm", Podman.Image, "sh", "-c", "exit 42").Status);

    [Theory]
    [InlineData("/bin/nothing", 127)]
    [InlineData("nothing", 127)]
    [InlineData("/etc/passwd", 126)]
    [InlineData("/etc", 126)]
    public void A_command_that_cannot_be_executed_has_the_exit_status_of_a_shell(string command, int status)
        => Assert.Equal(status, Podman.Do("run", "--rm", Podman.Image, command).Status);
}
