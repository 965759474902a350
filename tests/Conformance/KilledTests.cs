namespace Containerception.Conformance.Tests;

/// <summary>
/// The runtime, or the container that it is making, is killed at each of its system calls in turn: what is left is a container
/// that can be used or taken away, or nothing. strace(1) kills, so that the program under test is the one that users have.
/// </summary>
[Trait("category", "long")]
public sealed class KilledTests : ContainerTest
{
    private readonly Leftovers _left;

    public KilledTests()
    {
        Needs.Program("strace");
        _left = new Leftovers(Id, Scratch);
        Config.SetWords("process.args", "/bin/sleep", "1000");
        Bundle.Save();
    }

    [Fact]
    public void Create_killed_at_any_call_leaves_what_delete_takes_away()
    {
        string[] create = ["create", "--bundle", Bundle.Path, Id];
        Traced dry = Trace(create);
        DeleteForced();
        foreach (int call in dry.OwnAfter("config.json"))
        {
            KillAt(call, create);
            TakenAway($"create killed at its call {call}, {dry.NameOf(call)}");
        }
    }

    [Fact]
    public void Create_killed_in_somebody_elses_cgroup_does_not_make_it_its_own()
    {
        string group = $"/group-{Id}";
        Config.Set("linux.cgroupsPath", group);
        StartDetached();
        string[] create = ["create", "--bundle", Bundle.Path, Id + "-2"];
        Outcome refused = Runtime.Invoke(create);
        Assert.Contains("container's cgroup is not empty", refused.Message, StringComparison.Ordinal);
        Traced dry = Traced.Run(Runtime, Scratch, create, status: 1);
        foreach (int call in dry.OwnAfter("config.json"))
        {
            KillAt(call, create);
            Runtime.Invoke("delete", "--force", Id + "-2").Succeeded();
            Assert.Equal("running", State()["status"]!.GetValue<string>());
        }

        DeleteForced();
    }

    [Fact]
    public void Start_killed_at_any_call_leaves_what_delete_takes_away()
    {
        Create();
        Traced dry = Trace(["start", Id]);
        DeleteForced();
        foreach (int call in dry.OwnAfter(Id))
        {
            Create();
            KillAt(call, ["start", Id]);
            Assert.Contains(State()["status"]!.GetValue<string>(), (string[])["created", "running"]);
            TakenAway($"start killed at its call {call}, {dry.NameOf(call)}");
        }
    }

    [Fact]
    public void Exec_killed_at_any_call_leaves_the_container_as_it_was()
    {
        StartDetached();
        string[] exec = ["exec", Id, "/bin/true"];
        foreach (int call in Trace(exec).OwnAfter(Id))
        {
            KillAt(call, exec);
            Assert.Equal("running", State()["status"]!.GetValue<string>());
        }

        Runtime.Invoke(exec).Succeeded();
        TakenAway("exec killed at each of its calls");
    }

    [Fact]
    public void Delete_killed_at_any_call_can_be_tried_again()
    {
        string[] delete = ["delete", "--force", Id];
        StartDetached();
        Traced dry = Trace(delete);
        foreach (int call in dry.OwnAfter(Id))
        {
            StartDetached();
            KillAt(call, delete);
            TakenAway($"delete killed at its call {call}, {dry.NameOf(call)}");
        }
    }

    /// <summary>It dies at each step that it takes before it is the user's program, as by the kernel's hand when memory ends.</summary>
    [Fact]
    public void A_container_killed_at_any_of_its_steps_is_an_error_that_leaves_nothing()
    {
        // strace waits for all that it follows: here for the whole container.
        Config.SetWords("process.args", "/bin/true");
        Bundle.Save();
        string[] run = ["run", "--bundle", Bundle.Path, Id];
        int tried = KillChildAtEachStep(run, status: 1, (name, nth) =>
        {
            IReadOnlyList<string> left = _left.Find();
            Assert.True(left.Count == 0, $"the container killed at its {name} {nth} left:\n{string.Join('\n', left)}");
        });
        Assert.True(tried > 30, $"only {tried} steps were tried");
    }

    [Fact]
    public void An_exec_killed_at_any_of_its_steps_is_an_error_that_leaves_the_container_as_it_was()
    {
        StartDetached();
        string[] exec = ["exec", Id, "/bin/true"];
        int tried = KillChildAtEachStep(exec, status: 255, (name, nth) =>
        {
            Assert.Equal("running", State()["status"]!.GetValue<string>());
            string[] processes = Runtime.Invoke("ps", "--format", "json", Id).Succeeded().Split(',');
            Assert.True(processes.Length == 1, $"the exec killed at its {name} {nth} left one of {string.Join(' ', processes)}");
        });
        Assert.True(tried > 10, $"only {tried} steps were tried");
        Runtime.Invoke(exec).Succeeded();
        TakenAway("exec killed at each of its steps");
    }

    /// <returns>How many steps there were.</returns>
    private int KillChildAtEachStep(string[] arguments, int status, Action<string, int> afterwards)
    {
        int tried = 0;
        foreach ((string name, int nth) in Traced.Run(Runtime, Scratch, arguments, follow: true).OfTheChildAlone())
        {
            Outcome outcome = Traced.Inject(Runtime, Scratch, $"{name}:signal=SIGKILL:when={nth}", arguments, follow: true);
            Assert.True(outcome.Status == status && outcome.Errors.Contains("the process was killed", StringComparison.Ordinal), $"{name} {nth}: {outcome}");
            afterwards(name, nth);
            tried++;
        }

        return tried;
    }

    private Traced Trace(string[] arguments) => Traced.Run(Runtime, Scratch, arguments);

    private void KillAt(int call, string[] arguments) => Traced.Inject(Runtime, Scratch, $"all:signal=SIGKILL:when={call}", arguments);

    private void TakenAway(string after)
    {
        Outcome delete = Runtime.Invoke("delete", "--force", Id);
        Assert.True(delete.Status == 0, $"{after}: {delete}");
        IReadOnlyList<string> left = _left.Find();
        Assert.True(left.Count == 0, $"{after} left:\n{string.Join('\n', left)}");
    }
}
