namespace Containerception.Conformance.Tests;

/// <summary>
/// Where another runtime is known to behave otherwise, and why that is no fault of the test. A test is listed by its name, a
/// theory for all its cases.
/// </summary>
internal static class KnownDifferences
{
    private static readonly Dictionary<(string Runtime, string Test), string> Reasons = new()
    {
        [("runc", "A_wrong_field_is_named")] = "takes much of what makes no sense, and says the rest in words of its own",
        [("runc", "A_file_that_is_no_config_is_refused")] = "says it in words of its own",
        [("runc", "A_config_that_is_deep_beyond_reason_is_refused")] = "says it in words of its own",
        [("runc", "All_six_kinds_run_in_their_order")] = "runs the poststart hooks at create, not after start",
        [("runc", "A_weight_that_the_kernel_lacks_is_no_silent_success")] = "passes over a blkio weight where no I/O scheduler takes one",
        [("runc", "After_a_runtime_killed_at_any_moment_delete_leaves_nothing")] = "knows nothing of a container before its state is saved",
        [("runc", "A_poststop_hook_that_fails_does_not_stop_the_deletion")] = "leaves out the hooks after one that failed",
    };

    public static void SkipWhereListed()
    {
        string test = TestContext.Current.TestMethod?.MethodName ?? "";
        if (Reasons.TryGetValue((OciRuntime.Name, test), out string? reason))
        {
            Assert.Skip($"{OciRuntime.Name}: {reason}");
        }
    }
}
