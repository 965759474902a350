namespace Containerception.Oci;

/// <summary>Annotations of a config.json that change what is done: crun's, which its callers know, and one that is ception's own.</summary>
public static class RuntimeAnnotations
{
    /// <summary>
    /// ception's own: a group below the container's, which is its root's to divide. The container starts there and sees it as the root of all
    /// groups, so that the limits, which are the group's above, are out of its sight.
    /// </summary>
    public const string InnerCgroup = "containerception.inner-cgroup";

    /// <summary>A further control group, made after the cgroup namespace.</summary>
    public const string DelegateCgroup = "run.oci.delegate-cgroup";

    /// <summary>A v1 tree for the container on a machine with v2.</summary>
    public const string ForceCgroupV1 = "run.oci.systemd.force_cgroup_v1";

    /// <summary>What runs the program instead of the kernel.</summary>
    public const string Handler = "run.oci.handler";

    /// <summary>The file that the hooks' standard output is appended to.</summary>
    public const string HooksStdout = "run.oci.hooks.stdout";

    /// <summary>The file that the hooks' standard error is appended to.</summary>
    public const string HooksStderr = "run.oci.hooks.stderr";

    /// <summary>The caller's supplementary groups stay, whatever <c>process.user</c> says.</summary>
    public const string KeepOriginalGroups = "run.oci.keep_original_groups";

    /// <summary>The mount option that carries <c>linux.mountLabel</c>: <c>context</c>, <c>fscontext</c>, <c>defcontext</c> or <c>rootcontext</c> of mount(8).</summary>
    public const string MountContextType = "run.oci.mount_context_type";

    /// <summary>A unix socket that is sent a pidfd of the container's first process.</summary>
    public const string PidfdReceiver = "run.oci.pidfd_receiver";

    /// <summary>A whole filter of seccomp(2), in base64, in place of <c>linux.seccomp</c>.</summary>
    public const string SeccompBpfData = "run.oci.seccomp_bpf_data";

    /// <summary>Anything but 0: a call of <c>linux.seccomp</c> that nobody knows is an error.</summary>
    public const string SeccompFailUnknown = "run.oci.seccomp_fail_unknown_syscall";

    /// <summary>Shared objects that answer for a listener.</summary>
    public const string SeccompPlugins = "run.oci.seccomp.plugins";

    /// <summary>The listener of SCMP_ACT_NOTIFY where <c>linux.seccomp.listenerPath</c> names none.</summary>
    public const string SeccompReceiver = "run.oci.seccomp.receiver";

    /// <summary>A group below the one of systemd's scope, for the processes.</summary>
    public const string SystemdSubgroup = "run.oci.systemd.subgroup";
}
