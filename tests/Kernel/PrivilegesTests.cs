using Microsoft.Win32.SafeHandles;

namespace Containerception.Kernel.Tests;

/// <summary>prctl, capabilities, credentials, keyrings, seccomp.</summary>
public sealed class PrivilegesTests
{
    [Fact]
    public void Attributes_of_a_thread_read_back_as_they_were_set() => Alone.Run(() =>
    {
        Prctl.Name = "sixteen letters and more";
        Assert.Equal("sixteen letters", Prctl.Name);
        Prctl.ParentDeathSignal = Signal.SIGTERM;
        Assert.Equal(Signal.SIGTERM, Prctl.ParentDeathSignal);
        Prctl.KeepsCapabilities = true;
        Assert.True(Prctl.KeepsCapabilities);
        Prctl.NoNewPrivileges = true;
        Assert.True(Prctl.NoNewPrivileges);
        Assert.True(Prctl.SecureBits.HasFlag(SecureBits.SECBIT_KEEP_CAPS));
        Assert.True(Prctl.IsDumpable);

        LinuxException error = Assert.Throws<LinuxException>(() => Prctl.ParentDeathSignal = (Signal)99);
        Assert.Equal("prctl(PR_SET_PDEATHSIG, 99): invalid argument (EINVAL)", error.Message);
    });

    [Fact]
    public void Capabilities_that_were_given_up_do_not_come_back()
    {
        Needs.Root();

        Alone.Run(() =>
        {
            ThreadCapabilities all = Capabilities.Get();
            ThreadCapabilities few = new(CapabilitySet.Of(Capability.CAP_CHOWN), CapabilitySet.Of(Capability.CAP_CHOWN), CapabilitySet.Of(Capability.CAP_CHOWN));
            Prctl.DropFromBoundingSet(Capability.CAP_SYS_BOOT);
            Assert.False(Prctl.IsInBoundingSet(Capability.CAP_SYS_BOOT));
            Capabilities.Set(few);
            Assert.Equal(few, Capabilities.Get());
            Prctl.RaiseAmbient(Capability.CAP_CHOWN);
            Assert.True(Prctl.IsAmbient(Capability.CAP_CHOWN));
            Prctl.ClearAmbient();
            Assert.False(Prctl.IsAmbient(Capability.CAP_CHOWN));

            LinuxException error = Assert.Throws<LinuxException>(() => Capabilities.Set(all));
            Assert.StartsWith("capset({_LINUX_CAPABILITY_VERSION_3, 0}, {effective=0x000001", error.Message, StringComparison.Ordinal);
            Assert.Equal(Errno.EPERM, error.Errno);
        });
    }

    [Fact]
    public void The_kernel_tells_which_capabilities_it_knows()
    {
        int last = int.Parse(File.ReadAllText("/proc/sys/kernel/cap_last_cap"), System.Globalization.CultureInfo.InvariantCulture);

        Assert.Equal((1UL << (last + 1)) - 1, Capabilities.OfThisKernel().Bits);
        Assert.Null(Prctl.IsInBoundingSet((Capability)(last + 1)));
    }

    [Theory]
    [InlineData("CAP_SYS_ADMIN", Capability.CAP_SYS_ADMIN)]
    [InlineData("cap_chown", Capability.CAP_CHOWN)]
    [InlineData("net_raw", Capability.CAP_NET_RAW)]
    [InlineData("CAP_NONE", null)]
    [InlineData("", null)]
    [InlineData("21", null)]
    public void A_capability_is_known_by_its_name(string text, Capability? capability) => Assert.Equal(capability, Capabilities.Parse(text));

    [Fact]
    public void Every_capability_and_limit_is_known_by_its_name()
    {
        Assert.All(Enum.GetValues<Capability>(), one => Assert.Equal(one, Capabilities.Parse(one.ToString())));
        Assert.All(Enum.GetValues<RlimitResource>(), one => Assert.Equal(one, ResourceLimits.Parse(one.ToString())));
    }

    [Fact]
    public void Ids_and_groups_are_those_of_proc()
    {
        string[] status = File.ReadAllLines("/proc/self/status");
        CredentialIds uids = Credentials.GetUids();
        CredentialIds gids = Credentials.GetGids();

        Assert.Contains($"Uid:\t{uids.Real}\t{uids.Effective}\t{uids.Saved}\t{Credentials.EffectiveUid}", status);
        Assert.Contains($"Gid:\t{gids.Real}\t{gids.Effective}\t{gids.Saved}\t{Credentials.EffectiveGid}", status);
        Assert.Contains(status, line => line.StartsWith("Groups:", StringComparison.Ordinal)
            && line[7..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).SequenceEqual(Credentials.GetGroups().Select(group => $"{group}")));
    }

    [Fact]
    public void A_session_keyring_is_made_and_its_permissions_set()
    {
        Needs.PathTo("/proc/keys");

        Alone.Run(() =>
        {
            int ring = Keyrings.JoinSession("_test.containerception");
            Assert.Equal(ring, Keyrings.NumberOf(SpecialKeyring.KEY_SPEC_SESSION_KEYRING));
            Keyrings.SetPermissions(ring, KeyPermissions.KEY_POS_ALL | KeyPermissions.KEY_USR_VIEW | KeyPermissions.KEY_USR_READ);
            Assert.EndsWith(";3f030000;_test.containerception", Keyrings.Describe(ring), StringComparison.Ordinal);
        });

        LinuxException error = Assert.Throws<LinuxException>(() => Keyrings.SetPermissions(0x7ffffff0, KeyPermissions.KEY_POS_ALL));
        Assert.Equal(Errno.ENOKEY, error.Errno);
        Assert.StartsWith("keyctl(KEYCTL_SETPERM, 2147483632, KEY_POS_ALL): ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_answers_for_the_kernel() => Alone.Run(() =>
    {
        const ushort LoadAbsoluteWord = 0x20;
        const ushort JumpIfEqual = 0x15;
        const ushort Return = 0x06;
        SockFilter[] program =
        [
            new() { code = LoadAbsoluteWord, k = 0 },
            new() { code = JumpIfEqual, jt = 0, jf = 1, k = (uint)SyscallNumbers.SYS_umount2 },
            new() { code = Return, k = (uint)SeccompReturn.SECCOMP_RET_ERRNO | (uint)Errno.ENOLINK },
            new() { code = Return, k = (uint)SeccompReturn.SECCOMP_RET_ALLOW },
        ];
        Prctl.NoNewPrivileges = true;

        LinuxException error = Assert.Throws<LinuxException>(() => SeccompCalls.SetFilter(program.AsSpan(0, 3), SeccompFilterFlags.SECCOMP_FILTER_FLAG_LOG));
        Assert.Equal("seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, 3 instructions): invalid argument (EINVAL)", error.Message);
        using SafeFileHandle listener = SeccompCalls.SetFilterWithListener(program, SeccompFilterFlags.None);
        Assert.Equal(Errno.ENOLINK, Assert.Throws<LinuxException>(() => Mounting.Umount("/nowhere", UmountFlags.None)).Errno);
    });

    [Fact]
    public void The_kernel_tells_what_seccomp_can_do()
    {
        Assert.True(SeccompCalls.IsAvailable(SeccompReturn.SECCOMP_RET_USER_NOTIF));
        Assert.False(SeccompCalls.IsAvailable((SeccompReturn)0x12340000));
        Assert.True(SeccompCalls.IsAvailable(SeccompFilterFlags.SECCOMP_FILTER_FLAG_TSYNC_ESRCH));
        Assert.False(SeccompCalls.IsAvailable((SeccompFilterFlags)(1u << 30)));
        Assert.Equal(64, SeccompCalls.NotificationSizes().Data);
    }
}
