namespace Containerception.Conformance.Tests;

/// <summary>
/// Where another runtime is known to behave otherwise, and why that is no fault of the test. A test is listed by its name, a
/// theory for all its cases.
/// </summary>
internal static class KnownDifferences
{
    private const string Threads = "has threads: no call of its has a number";

    private static readonly Dictionary<(string Runtime, string Test), string> Reasons = new()
    {
        [("runc", "A_wrong_field_is_named")] = "takes much of what makes no sense, and says the rest in words of its own",
        [("runc", "A_file_that_is_no_config_is_refused")] = "says it in words of its own",
        [("runc", "A_config_that_is_deep_beyond_reason_is_refused")] = "says it in words of its own",
        [("runc", "All_six_kinds_run_in_their_order")] = "runs the poststart hooks at create, not after start",
        [("runc", "A_weight_that_the_kernel_lacks_is_no_silent_success")] = "passes over a blkio weight where no I/O scheduler takes one",
        [("runc", "Memory_of_the_groups_below_counts_or_the_kernel_refuses")] = "passes over it",
        [("runc", "An_exec_killed_at_any_of_its_steps_is_an_error_that_leaves_the_container_as_it_was")] = Threads,
        [("runc", "After_a_runtime_killed_at_any_moment_delete_leaves_nothing")] = "knows nothing of a container before its state is saved",
        [("runc", "Create_killed_at_any_call_leaves_what_delete_takes_away")] = Threads,
        [("runc", "Create_killed_in_somebody_elses_cgroup_does_not_make_it_its_own")] = Threads,
        [("runc", "Start_killed_at_any_call_leaves_what_delete_takes_away")] = Threads,
        [("runc", "Exec_killed_at_any_call_leaves_the_container_as_it_was")] = Threads,
        [("runc", "Delete_killed_at_any_call_can_be_tried_again")] = Threads,
        [("runc", "A_container_killed_at_any_of_its_steps_is_an_error_that_leaves_nothing")] = Threads,
        [("runc", "Any_call_that_fails_for_want_of_something_is_an_error_and_no_crash")] = Threads,
        [("runc", "Too_few_descriptors_are_an_error_whatever_their_number")] = "its language's own runtime gives up with a trace",
        [("runc", "In_a_user_namespace_a_device_is_the_hosts_of_that_number_whatever_its_path")] = "binds what has the path, whatever it is",
        [("runc", "In_a_user_namespace_a_device_that_the_host_lacks_is_refused")] = "binds what has the path, whatever it is",
        [("runc", "What_takes_control_groups_says_that_there_are_none")] = "shows no process, and counts nothing",
        [("runc", "A_file_is_no_directory_for_the_state")] = "says it in words of its own",
        [("runc", "A_poststop_hook_that_fails_does_not_stop_the_deletion")] = "leaves out the hooks after one that failed",
        [("runc", "Kill_all_signals_every_process_and_does_not_mind_if_there_is_none")] = "takes the flag, and signals the first process alone",
        [("runc", "An_rdma_limit_without_the_controller_is_named")] = "passes over it",
        [("runc", "A_class_of_service_without_resctrl_is_named")] = "passes over what it cannot monitor",
        [("runc", "A_document_and_a_flag_are_not_given_together")] = "passes over the flags",
        [("runc", "Network_interfaces_are_those_of_the_containers_network")] = "tells of those alone that it has made itself",
        [("runc", "Lines_come_until_the_container_ends")] = "goes on until the container is deleted",
        [("runc", "The_lack_of_memory_is_told")] = "goes on until the container is deleted",
        [("runc", "The_lack_of_memory_that_ends_the_container_is_told_first")] = "goes on until the container is deleted",
        [("runc", "Without_systemd_its_driver_is_refused")] = "looks for /run/systemd/system, and says it in words of its own",
        [("runc", "A_bus_without_systemd_is_told_from_none")] = "looks for /run/systemd/system, and says it in words of its own",
        [("runc", "A_path_that_names_no_scope_is_refused")] = "looks for /run/systemd/system, and says it in words of its own",
        [("runc", "An_annotation_that_cannot_be_followed_is_named")] = "looks for /run/systemd/system, and does not know crun's annotations",
        [("runc", "Disabled_leaves_the_container_in_the_callers_groups")] = "has no --cgroup-manager, which is crun's",
        [("runc", "Disabled_lives_through_exec_kill_and_delete")] = "has no --cgroup-manager, which is crun's",
        [("runc", "Disabled_has_no_limits")] = "has no --cgroup-manager, which is crun's",
        [("runc", "A_manager_that_is_not_there_is_told_of")] = "goes on when there is nobody to tell",
        [("runc", "In_the_foreground_the_runtime_is_the_service")] = "passes on only a message that begins with READY",
        [("runc", "A_detached_run_waits_until_the_program_is_ready")] = "passes on only a message that begins with READY",
        [("runc", "Start_waits_as_run_does")] = "passes on only a message that begins with READY",
        [("runc", "Sockets_of_the_manager_come_before_preserved_descriptors")] = "does not pass the sockets' names on",
        [("runc", "An_option_has_mappings_too")] = "has no mappings in options: that is crun's",
        [("runc", "In_a_user_namespace_files_of_the_host_are_the_containers")] = "has no mappings in options: that is crun's",
        [("runc", "A_relative_range_may_lie_in_several_of_the_containers")] = "has no mappings in options: that is crun's",
        [("runc", "What_makes_no_sense_is_refused")] = "says it in words of its own",
        [("runc", "A_file_system_that_cannot_do_it_is_named")] = "says it in words of its own",
        [("runc", "What_cannot_be_done_is_refused_with_its_reason")] = "says it in words of its own",
        [("runc", "A_label_without_SELinux_is_refused")] = "says it in words of its own",
        [("runc", "An_option_that_runtimes_disagree_on")] = "applies rro to binds alone, prefers noatime to what follows it, and does not know rasync",
        [("runc", "A_remount_of_a_file_and_of_nothing")] = "makes what is to be remounted",
        [("runc", "Propagation_of_the_root_is_set")] = "cannot mount the control groups of v1 below an unbindable root",
        [("runc", "One_of_the_hosts_is_refused_by_whatever_path_it_comes")] = "asks it of the network namespace alone, and changes the host",
        [("runc", "One_of_a_user_namespace_is_set")] = "refuses user.*",
        [("runc", "Copyup_copies_contents_owners_modes_and_links")] = "cannot copy a fifo up",
        [("runc", "Copyup_leaves_the_directory_below_alone")] = "cannot copy a fifo up",
        [("runc", "Copyup_is_done_before_the_mount_is_read_only")] = "cannot copy a fifo up",
        [("runc", "Copyup_keeps_what_the_options_say_of_the_top")] = "cannot copy a fifo up",
        [("runc", "Copyup_works_in_a_user_namespace")] = "cannot copy a fifo up",
        [("runc", "Copyup_copies_extended_attributes")] = "does not copy them",
        [("runc", "Copyup_is_bounded_in_depth")] = "has no such bound",
        [("runc", "Copyup_does_not_leave_the_directory")] = "copies the directories that other mounts are on, empty",
        [("runc", "A_source_that_is_a_link_is_copied")] = "does not know the option: it is crun's",
        [("runc", "A_source_that_is_no_link_is_bound")] = "does not know the option: it is crun's",
        [("runc", "A_link_is_mounted_on_a_file")] = "does not know the option: it is crun's",
        [("runc", "A_link_is_mounted_on_a_link")] = "does not know the option: it is crun's",
        [("runc", "A_target_that_is_a_link_is_followed_unless_told_otherwise")] = "does not know the option: it is crun's",
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
