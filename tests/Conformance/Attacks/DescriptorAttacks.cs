using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>What of the caller and of the runtime comes into a container without being asked: descriptors, and with them directories of the host; the environment.</summary>
public sealed class DescriptorAttacks : ContainerTest
{
    /// <summary>A descriptor of the host that init still holds is a way out: cwd /proc/self/fd/N.</summary>
    [Fact]
    public void CVE_2024_21626_a_working_directory_on_a_host_descriptor()
    {
        for (int fd = 3; fd < 40; fd++)
        {
            Config.Set("process.cwd", $"/proc/self/fd/{fd}");
            Outcome outcome = Shell("pwd -P; ls ..; cat ../../../../../../../../etc/shadow");
            Assert.DoesNotContain("root:", outcome.Output, StringComparison.Ordinal);
            Assert.True(outcome.Status != 0, $"/proc/self/fd/{fd}: {outcome}");
        }
    }

    [Fact]
    public void CVE_2024_21626_a_working_directory_of_exec_on_a_host_descriptor()
    {
        StartDetached();
        for (int fd = 3; fd < 40; fd++)
        {
            Outcome outcome = Runtime.Invoke("exec", "--cwd", $"/proc/self/fd/{fd}", Id, "/bin/cat", "../../../../../../../../etc/shadow");
            Assert.NotEqual(0, outcome.Status);
            Assert.DoesNotContain("root:", outcome.Output, StringComparison.Ordinal);
        }

        DeleteForced();
    }

    /// <summary>The image's own link, and a folder below the descriptor, lead there as well.</summary>
    [Theory]
    [InlineData("/proc/self/fd/7/..")]
    [InlineData("/proc/self/cwd/..")]
    [InlineData("/proc/thread-self/fd/8/../../../../..")]
    [InlineData("/proc/1/fd/5")]
    [InlineData("/proc/self/root/../../proc/self/fd/6")]
    public void CVE_2024_21626_a_link_of_the_image_to_a_host_descriptor(string target)
    {
        Canary canary = new(Scratch);
        File.CreateSymbolicLink(Bundle.InRoot("/mnt/link"), target);
        Config.Set("process.cwd", "/mnt/link");
        Assert.DoesNotContain("of the host", Shell($"cat ../../../../../../../../../..{canary.Secret}").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void CVE_2024_21626_the_process_has_only_its_three_descriptors()
        => Assert.Equal(["0", "1", "2", "3"], Shell("ls /proc/self/fd").Succeeded().Split('\n')); // 3 is what ls lists with.

    [Fact]
    public void CVE_2024_21626_an_exec_has_only_its_three_descriptors()
    {
        StartDetached();
        Assert.Equal(["0", "1", "2", "3"], Runtime.Invoke("exec", Id, "/bin/ls", "/proc/self/fd").Succeeded().Split('\n'));
        DeleteForced();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void CVE_2024_21626_a_directory_that_the_caller_left_open_stays_outside(string verb)
    {
        string[] list = ["/bin/ls", "/proc/self/fd"];
        Config.SetWords("process.args", list);
        Bundle.Save();
        if (verb == "exec")
        {
            StartDetached();
        }

        using Command command = Runtime.StartThrough(
            ["/bin/sh", "-c", "exec 5</ 7</etc; exec \"$@\"", "sh"], verb == "exec" ? ["exec", Id, .. list] : ["run", "--bundle", Bundle.Path, Id]);
        Assert.Equal(["0", "1", "2", "3"], command.Wait().Succeeded().Split('\n'));
        if (verb == "exec")
        {
            DeleteForced();
        }
    }

    /// <summary>podman --preserve-fd 5 leaves a gap at 3 and 4, and the runtime's own come to be there.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void CVE_2024_21626_a_gap_among_the_preserved_descriptors_stays_empty(string verb)
    {
        File.WriteAllText(Path.Combine(Scratch, "five"), "of five");
        string[] command = ["/bin/sh", "-c", "cat <&5; echo; cd /proc/self/fd; echo *"];
        Config.SetWords("process.args", command);
        Bundle.Save();
        if (verb == "exec")
        {
            StartDetached();
        }

        string[] words = verb == "exec" ? ["exec", "--preserve-fds", "3", Id, .. command] : ["run", "--preserve-fds", "3", "--bundle", Bundle.Path, Id];
        using Command through = Runtime.StartThrough(["/bin/sh", "-c", $"exec 5<{Path.Combine(Scratch, "five")}; exec \"$@\"", "sh"], words);
        // 3 is the one that the shell lists the directory with.
        Assert.Equal(["of five", "0 1 2 3 5"], through.Wait().Succeeded().Split('\n'));
        if (verb == "exec")
        {
            DeleteForced();
        }
    }

    /// <summary>Behind the caller's descriptors come the runtime's own, directories of the host among them.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void CVE_2024_21626_preserving_descriptors_that_the_caller_does_not_have(string verb)
    {
        string[] command = ["/bin/ls", "/proc/self/fd"];
        Config.SetWords("process.args", command);
        Bundle.Save();
        if (verb == "exec")
        {
            StartDetached();
        }

        Outcome outcome = verb == "exec"
            ? Runtime.Invoke(["exec", "--preserve-fds", "6", Id, .. command])
            : Runtime.Invoke("run", "--preserve-fds", "6", "--bundle", Bundle.Path, Id);
        Assert.NotEqual(0, outcome.Status);
        Assert.Empty(outcome.Output);
        if (verb == "exec")
        {
            DeleteForced();
        }
    }

    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void Nothing_of_the_callers_environment_comes_in(string verb)
    {
        foreach (string name in (ReadOnlySpan<string>)["LISTEN_PID", "LISTEN_FDNAMES", "_CEPTION_SIGNALS", "LD_PRELOAD_OF_THE_HOST", "HOST_SECRET"])
        {
            Runtime.Variables[name] = "1";
        }

        if (verb == "exec")
        {
            StartDetached();
        }

        JsonNode inside = verb == "exec" ? JsonNode.Parse(Runtime.Invoke("exec", Id, "/bin/probe", "env").Succeeded())! : ProbeJson("env");
        Assert.Equal(Config.At("process.env").Strings().Append("HOME=/").Order(), inside.Strings().Order());
        if (verb == "exec")
        {
            DeleteForced();
        }
    }
}
