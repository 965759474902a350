using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Containerception.Kernel.Tests;

/// <summary>Every name of the kernel in the bindings has the value that the headers give it.</summary>
public sealed partial class ConstantsTests
{
    // The words for nothing, and names that no header has.
    private static readonly string[] Unheard =
    [
        "None",
        "ST_VALID", "ST_NOSYMFOLLOW", // Only in the kernel's own linux/statfs.h.
        "SIG_DFL", "SIG_IGN", "SIG_ERR", // Pointers: no constant expressions to a compiler.
    ];

    private const string NftablesHeaders = "sys/types.h linux/in.h linux/netfilter.h linux/rtnetlink.h linux/netfilter/nf_tables.h";

    public static TheoryData<Type, string> Names { get; } = new()
    {
        { typeof(MountFlags), "linux/mount.h" },
        { typeof(UmountFlags), "sys/mount.h" },
        { typeof(OpenTreeFlags), "linux/mount.h linux/fcntl.h" },
        { typeof(MoveMountFlags), "linux/mount.h" },
        { typeof(FsConfigCommand), "linux/mount.h" },
        { typeof(MountAttributes), "linux/mount.h" },
        { typeof(NewMounts), "linux/mount.h linux/fcntl.h" },
        { typeof(Errno), "errno.h" },
        { typeof(Descriptor), "fcntl.h" },
        { typeof(Descriptors), "fcntl.h" },
        { typeof(CloseRangeFlags), "linux/close_range.h" },
        { typeof(OpenFlags), "fcntl.h" },
        { typeof(ResolveFlags), "linux/openat2.h" },
        { typeof(AtFlags), "fcntl.h" },
        { typeof(RenameFlags), "linux/fs.h" },
        { typeof(FileType), "sys/stat.h" },
        { typeof(FileStatuses), "linux/stat.h" },
        { typeof(FileSystemMagic), "linux/magic.h" },
        { typeof(FileSystemFlags), "sys/statvfs.h" },
        { typeof(FileLocks), "sys/file.h" },
        { typeof(InotifyEvents), "sys/inotify.h" },
        { typeof(Inotify), "sys/inotify.h" },
        { typeof(MemfdFlags), "linux/memfd.h" },
        { typeof(Seals), "linux/fcntl.h" },
        { typeof(MemoryFiles), "fcntl.h" },
        { typeof(Pipes), "fcntl.h sys/eventfd.h" },
        { typeof(Timers), "sys/timerfd.h time.h" },
        { typeof(CloneFlags), "linux/sched.h" },
        { typeof(NamespaceFlags), "linux/sched.h" },
        { typeof(Linux.Namespaces), "linux/nsfs.h" },
        { typeof(Processes), "fcntl.h" },
        { typeof(SpawnFlags), "spawn.h" },
        { typeof(WaitOptions), "sys/wait.h" },
        { typeof(ChildChange), "signal.h" },
        { typeof(Waiting), "sys/wait.h" },
        { typeof(Signal), "signal.h" },
        { typeof(SignalMaskOperation), "signal.h" },
        { typeof(Signals), "sys/signalfd.h sys/auxv.h" },
        { typeof(Memory), "sys/mman.h" },
        { typeof(Files), "unistd.h fcntl.h" },
        { typeof(MemoryProtection), "sys/mman.h" },
        { typeof(MappingFlags), "sys/mman.h" },
        { typeof(UnixSocketType), "sys/socket.h" },
        { typeof(UnixSockets), "sys/socket.h" },
        { typeof(SockaddrUn), "sys/socket.h" },
        { typeof(InternetSocketType), "sys/socket.h" },
        { typeof(InternetAddress), "sys/socket.h" },
        { typeof(InternetSockets), "sys/socket.h" },
        { typeof(InternetSocketOptions), "sys/socket.h netinet/in.h netinet/tcp.h" },
        { typeof(InternetMessages), "sys/socket.h netinet/in.h" },
        { typeof(SocketMessages), "sys/socket.h" },
        { typeof(EpollEvents), "sys/epoll.h" },
        { typeof(Epoll), "sys/epoll.h" },
        { typeof(PollEvents), "poll.h" },
        { typeof(Terminals), "sys/ioctl.h fcntl.h termios.h" },
        { typeof(PrctlOption), "linux/prctl.h" },
        { typeof(AmbientOperation), "linux/prctl.h" },
        { typeof(SecureBits), "linux/securebits.h" },
        { typeof(Capability), "linux/capability.h" },
        { typeof(Capabilities), "linux/capability.h" },
        { typeof(RlimitResource), "sys/resource.h" },
        { typeof(SchedulingPolicy), "sched.h" },
        { typeof(SchedulingFlags), "linux/sched.h" },
        { typeof(IoPriorityClass), "linux/ioprio.h" },
        { typeof(Scheduling), "linux/ioprio.h" },
        { typeof(MemoryPolicyMode), "linux/mempolicy.h" },
        { typeof(MemoryPolicyFlags), "linux/mempolicy.h" },
        { typeof(PersonalityFlags), "sys/personality.h" },
        { typeof(SpecialKeyring), "linux/keyctl.h" },
        { typeof(Keyrings), "linux/keyctl.h" },
        { typeof(SeccompFilterFlags), "linux/seccomp.h" },
        { typeof(SeccompReturn), "linux/seccomp.h" },
        { typeof(SeccompCalls), "linux/seccomp.h" },
        { typeof(BpfProgramType), "linux/bpf.h" },
        { typeof(BpfAttachType), "linux/bpf.h" },
        { typeof(BpfAttachFlags), "linux/bpf.h" },
        { typeof(Bpf), "linux/bpf.h" },
        { typeof(XattrFlags), "sys/xattr.h" },
        { typeof(NetlinkMessageType), "linux/rtnetlink.h" },
        { typeof(NetlinkFlags), "linux/netlink.h" },
        { typeof(NetlinkProtocol), "linux/netlink.h" },
        { typeof(NetlinkRequest), "linux/netlink.h" },
        { typeof(Netlink), "sys/socket.h linux/netlink.h linux/if.h" },
        { typeof(NetworkLinks), "linux/if.h linux/if_link.h linux/if_addr.h linux/rtnetlink.h" },
        { typeof(VirtualLinks), "linux/if.h linux/if_link.h linux/veth.h" },
        { typeof(MacvlanMode), "linux/if_link.h" },
        { typeof(NetworkAddresses), "sys/socket.h linux/if_addr.h" },
        { typeof(NetworkRoutes), "sys/socket.h linux/rtnetlink.h" },
        { typeof(RoutingRules), "sys/socket.h linux/rtnetlink.h linux/fib_rules.h" },
        { typeof(NetfilterSubsystem), "linux/netfilter/nfnetlink.h" },
        { typeof(NetfilterFamily), "sys/types.h linux/in.h linux/netfilter.h" },
        { typeof(Netfilter), "sys/socket.h linux/netlink.h linux/netfilter/nfnetlink.h" },
        { typeof(NetfilterHook), "sys/types.h linux/in.h linux/netfilter.h" },
        { typeof(NftablesMessage), NftablesHeaders },
        { typeof(NftablesVerdict), NftablesHeaders },
        { typeof(NftablesMeta), NftablesHeaders },
        { typeof(NftablesConnection), NftablesHeaders },
        { typeof(NftablesPayload), NftablesHeaders },
        { typeof(NftablesComparison), NftablesHeaders },
        { typeof(NftablesBatch), NftablesHeaders },
        { typeof(NftablesRule), NftablesHeaders },
        { typeof(NftablesTables), NftablesHeaders + " linux/netlink.h" },
        { typeof(ConntrackMessage), "linux/netfilter/nfnetlink_conntrack.h" },
        { typeof(ConntrackStatus), "linux/netfilter/nf_conntrack_common.h" },
        { typeof(Conntrack), "linux/netlink.h linux/netfilter/nfnetlink_conntrack.h" },
        { typeof(RegularExpression), "regex.h" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_name_has_the_value_that_the_header_gives_it(Type type, string headers)
    {
        Needs.Program("gcc");

        List<string> statements = [.. Constants(type).Select(one => Compiler.Equal($"(unsigned long long)({one.Name})", $"0x{one.Value:x}ull", one.Name))];

        Assert.NotEmpty(statements);
        Compiler.Holds(headers.Split(' '), statements);
    }

    // What differs between architectures comes from asm/, of which Debian has arm64's.
    [Theory]
    [InlineData(typeof(Errno), "asm/errno.h")]
    [InlineData(typeof(Signal), "asm/signal.h")]
    [InlineData(typeof(SignalMaskOperation), "asm/signal.h")]
    [InlineData(typeof(MappingFlags), "asm/mman.h linux/mman.h")]
    [InlineData(typeof(MemoryProtection), "asm/mman.h")]
    [InlineData(typeof(RlimitResource), "asm/resource.h")]
    [InlineData(typeof(PollEvents), "asm/poll.h")]
    [InlineData(typeof(AtFlags), "linux/fcntl.h")]
    [InlineData(typeof(CloneFlags), "linux/sched.h")]
    [InlineData(typeof(MountFlags), "linux/mount.h")]
    [InlineData(typeof(PrctlOption), "linux/prctl.h")]
    [InlineData(typeof(FileSystemMagic), "linux/magic.h")]
    public void Every_name_has_its_value_on_arm64_too(Type type, string headers)
    {
        Needs.Program("gcc");
        Needs.PathTo(Compiler.Arm64Headers);

        IEnumerable<string> statements = Constants(type).Select(one => Compiler.Equal($"(unsigned long long)({one.Name})", $"0x{one.Value:x}ull", one.Name));

        Compiler.Holds(headers.Split(' '), statements, "-nostdinc", "-isystem", Compiler.Arm64Headers);
    }

    [Fact]
    public void Open_flags_are_numbered_as_arm64_numbers_them()
    {
        Needs.Program("gcc");
        Needs.PathTo(Compiler.Arm64Headers);

        IEnumerable<string> statements = Enum.GetValues<OpenFlags>()
            .Select(flag => Compiler.Equal(flag.ToString(), OpenFlagsValues.ToArm64(flag).ToString(CultureInfo.InvariantCulture), flag.ToString()));

        // O_ASYNC is libc's name.
        Compiler.Holds(["asm/fcntl.h"], statements, "-DO_ASYNC=FASYNC", "-nostdinc", "-isystem", Compiler.Arm64Headers);
    }

    [Fact]
    public void No_name_goes_unproved()
    {
        // KEY_POS_ALL and its like are in no header of the kernel: KeyringsTests reads them back.
        HashSet<Type> proved = [.. Names.Select(row => row.Data.Item1), typeof(KeyPermissions), typeof(SyscallNumbers)];

        Assert.Empty(typeof(Mounting).Assembly.GetTypes().Where(type => !proved.Contains(type) && Constants(type).Any()).Select(type => type.Name));
    }

    private static IEnumerable<(string Name, ulong Value)> Constants(Type type)
        => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(field => field.IsLiteral && KernelName().IsMatch(field.Name) && !Unheard.Contains(field.Name))
            .Select(field => (field.Name, Bits(field.GetRawConstantValue()!)));

    private static ulong Bits(object value)
        => value is ulong big ? big : unchecked((ulong)Convert.ToInt64(value, CultureInfo.InvariantCulture));

    [GeneratedRegex("^_?[A-Z][A-Z0-9_]+$")]
    private static partial Regex KernelName();
}
