using System.Text.RegularExpressions;

namespace Containerception.Conformance.Tests;

/// <summary>What the machine has too little of is named in a clear error, and what was begun is taken back.</summary>
public sealed class ExhaustionTests : ContainerTest
{
    private readonly Leftovers _left;

    public ExhaustionTests()
    {
        _left = new Leftovers(Id, Scratch);
        Config.SetWords("process.args", "/bin/true");
        Config.AsObject()["process"]!.AsObject().Remove("rlimits");
        Bundle.Save();
    }

    /// <summary>Fewer than six are too few for the .NET runtime itself.</summary>
    [Fact]
    public void Too_few_descriptors_are_an_error_whatever_their_number()
    {
        int failures = 0;
        for (int limit = 6; limit < 60; limit++)
        {
            failures += RunsOrSays(["/bin/sh", "-c", $"ulimit -n {limit}; exec \"$@\"", "sh"], "too many open files (EMFILE)", $"{limit} descriptors") ? 0 : 1;
        }

        Assert.InRange(failures, 10, 53);
    }

    [Theory]
    [InlineData("size=8k", "cat /dev/zero >.fill")]
    [InlineData("nr_inodes=4", "touch .1; touch .2; touch .3; touch .4")]
    public void A_full_disk_for_the_state_is_an_error(string option, string fill)
    {
        string state = Path.Combine(Scratch, "full");
        Directory.CreateDirectory(state);
        Assert.Equal(0, Command.Run("mount", "-t", "tmpfs", "-o", option, "none", state).Status);
        try
        {
            Command.Run("/bin/sh", "-c", $"cd {state}; {fill}");
            Outcome outcome = Runtime.InvokeBare("--root", state, "run", "--bundle", Bundle.Path, Id);
            Assert.Equal(1, outcome.Status);
            Assert.Contains("no space left on device (ENOSPC)", outcome.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Directory.GetFileSystemEntries(state), path => Path.GetFileName(path)[0] != '.');
        }
        finally
        {
            Command.Run("umount", state);
        }
    }

    [Fact]
    public void A_full_limit_on_processes_is_an_error()
    {
        Needs.CgroupV1("pids");
        Outcome outcome = InCgroup("pids", "pids.max", "2");
        Assert.Equal(1, outcome.Status);
        Assert.Contains("resource temporarily unavailable (EAGAIN)", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("hint: a limit on processes is reached", outcome.Message, StringComparison.Ordinal);
    }

    /// <summary>The kernel kills the runtime itself in the smaller ones: that leaves what delete takes away.</summary>
    [Fact]
    public void A_caller_with_too_little_memory_leaves_nothing_that_delete_does_not_take_away()
    {
        Needs.CgroupV1("memory");
        for (int kilobytes = 512; kilobytes < 8192; kilobytes += 256)
        {
            Outcome outcome = InCgroup("memory", "memory.limit_in_bytes", $"{kilobytes}k");
            Assert.True(
                outcome.Status is 0 or 128 + Posix.SIGKILL || outcome.Message.Contains("level=error", StringComparison.Ordinal), $"{kilobytes} k: {outcome}");
            TakenAway($"{kilobytes} k of memory");
        }
    }

    [Fact]
    public void A_container_with_too_little_memory_to_start_in_says_so()
    {
        Needs.CgroupV1("memory");
        Config.Set("linux.resources.memory.limit", 64 * 1024);
        Outcome outcome = Run();
        Assert.Equal(1, outcome.Status);
        Assert.Matches("the process was killed|cannot allocate memory", outcome.Message);
        Assert.Contains("memory.limit", outcome.Message, StringComparison.Ordinal);
    }

    /// <summary>Each call of create in turn fails as it does when something runs out.</summary>
    [Fact]
    [Trait("category", "long")]
    public void Any_call_that_fails_for_want_of_something_is_an_error_and_no_crash()
    {
        Needs.Program("strace");
        string[] run = ["run", "--bundle", Bundle.Path, Id];
        Traced dry = Traced.Run(Runtime, Scratch, run);
        Dictionary<string, int> seen = [];
        int first = dry.OwnAfter("config.json").First();
        for (int call = 1; call <= dry.Own.Length; call++)
        {
            string name = dry.NameOf(call);
            int nth = seen[name] = seen.GetValueOrDefault(name) + 1;
            if (call < first || Want(name) is not { } errno)
            {
                continue;
            }

            Outcome outcome = Traced.Inject(Runtime, Scratch, $"{name}:error={errno}:when={nth}", run);
            string what = $"{name} {nth} with {errno}";
            Assert.True(outcome.Status == 0 || (outcome.Status == 1 && Regex.IsMatch(outcome.Errors, "level=error|level\\\\?\"?:")), $"{what}: {outcome}");
            TakenAway(what);
        }
    }

    /// <summary>What a call may run out of; null for those of the .NET runtime's own memory, which it cannot do without.</summary>
    private static string? Want(string call) => call switch
    {
        "openat" or "openat2" or "memfd_create" or "socketpair" => "EMFILE",
        "write" or "mkdirat" or "mknodat" or "renameat" or "fsync" => "ENOSPC",
        "clone3" => "EAGAIN",
        "fcntl" or "readlinkat" or "getdents64" or "statx" or "newfstatat" or "recvmsg" or "prctl" or "unlinkat" or "fstatfs" => "ENOMEM",
        _ => null,
    };

    private bool RunsOrSays(string[] wrapper, string error, string what)
    {
        using Command run = Runtime.StartThrough(wrapper, "run", "--bundle", Bundle.Path, Id);
        Outcome outcome = run.Wait();
        Assert.True(outcome.Status == 0 || (outcome.Status == 1 && outcome.Message.Contains(error, StringComparison.Ordinal)), $"{what}: {outcome}");
        TakenAway(what);
        return outcome.Status == 0;
    }

    private Outcome InCgroup(string controller, string file, string value)
    {
        string group = $"/sys/fs/cgroup/{controller}/caller-{Id}";
        Directory.CreateDirectory(group);
        try
        {
            File.WriteAllText(Path.Combine(group, file), value);
            using Command run = Runtime.StartThrough(["/bin/sh", "-c", $"echo 0 >{group}/tasks; exec \"$@\"", "sh"], "run", "--bundle", Bundle.Path, Id);
            return run.Wait();
        }
        finally
        {
            // A container's groups lie below those of its caller.
            Runtime.Invoke("delete", "--force", Id);
            WaitFor(() => Command.Run("rmdir", group).Status == 0, "the caller's group to be empty");
        }
    }

    private void TakenAway(string after)
    {
        Outcome delete = Runtime.Invoke("delete", "--force", Id);
        Assert.True(delete.Status == 0, $"{after}: {delete}");
        IReadOnlyList<string> left = _left.Find();
        Assert.True(left.Count == 0, $"{after} left:\n{string.Join('\n', left)}");
    }
}
