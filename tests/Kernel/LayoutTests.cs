using System.Reflection;
using System.Reflection.Emit;

namespace Containerception.Kernel.Tests;

/// <summary>Every struct that goes to the kernel has the header's size, and its fields where the header has them.</summary>
public sealed class LayoutTests
{
    /// <summary>The struct; its name in C; headers; and the fields' names in C, in order, where they are not the same.</summary>
    public static TheoryData<Type, string, string, string> Structs { get; } = new()
    {
        { typeof(CloneArgs), "struct clone_args", "linux/sched.h", "" },
        { typeof(MountAttr), "struct mount_attr", "linux/mount.h", "" },
        { typeof(OpenHow), "struct open_how", "linux/openat2.h", "" },
        { typeof(StatxBuffer), "struct statx", "linux/stat.h", "" },
        { typeof(StatxTimestamp), "struct statx_timestamp", "linux/stat.h", "" },
        { typeof(StatfsBuffer), "struct statfs", "sys/statfs.h", "" },
        { typeof(SigInfo), "siginfo_t", "signal.h", "" },
        { typeof(SignalfdSiginfo), "struct signalfd_siginfo", "sys/signalfd.h", "" },
        { typeof(PollDescriptor), "struct pollfd", "poll.h", "" },
        { typeof(TerminalSettings), "struct termios", "termios.h", "" },
        { typeof(WindowSize), "struct winsize", "sys/ioctl.h", "ws_row ws_col ws_xpixel ws_ypixel" },
        { typeof(SockaddrUn), "struct sockaddr_un", "sys/un.h", "" },
        { typeof(SockaddrIn), "struct sockaddr_in", "netinet/in.h", "" },
        { typeof(SockaddrIn6), "struct sockaddr_in6", "netinet/in.h", "" },
        { typeof(PeerCredentials), "struct ucred", "sys/socket.h", "pid uid gid" },
        { typeof(IoVector), "struct iovec", "sys/uio.h", "" },
        { typeof(MsgHeader), "struct msghdr", "sys/socket.h", "" },
        { typeof(CmsgHeader), "struct cmsghdr", "sys/socket.h", "" },
        { typeof(CapHeader), "struct __user_cap_header_struct", "linux/capability.h", "" },
        { typeof(CapData), "struct __user_cap_data_struct", "linux/capability.h", "" },
        { typeof(ResourceLimit), "struct rlimit64", "sys/resource.h", "rlim_cur rlim_max" },
        { typeof(SchedAttr), "struct sched_attr", "linux/sched/types.h", "" },
        { typeof(SockFilter), "struct sock_filter", "linux/filter.h", "" },
        { typeof(SockFprog), "struct sock_fprog", "linux/filter.h", "" },
        { typeof(SeccompNotificationSizes), "struct seccomp_notif_sizes", "linux/seccomp.h", "seccomp_notif seccomp_notif_resp seccomp_data" },
        { typeof(NetlinkHeader), "struct nlmsghdr", "linux/netlink.h", "" },
        { typeof(NetlinkError), "struct nlmsgerr", "linux/netlink.h", "" },
        { typeof(NetfilterHeader), "struct nfgenmsg", "linux/netfilter/nfnetlink.h", "" },
        { typeof(InterfaceInfo), "struct ifinfomsg", "linux/rtnetlink.h", "" },
        { typeof(AddressInfo), "struct ifaddrmsg", "linux/if_addr.h", "ifa_family ifa_prefixlen ifa_flags ifa_scope ifa_index" },
        { typeof(RuleInfo), "struct fib_rule_hdr", "linux/fib_rules.h", "" },
        { typeof(RouteInfo), "struct rtmsg", "linux/rtnetlink.h", "" },
    };

    /// <summary>The kernel takes as much of these as it is told; what is not used is not there.</summary>
    public static TheoryData<Type> BpfUnions { get; } =
        [typeof(BpfLoadAttr), typeof(BpfAttachAttr), typeof(BpfIdAttr)];

    [Theory]
    [MemberData(nameof(Structs))]
    public void Size_and_offsets_are_the_headers(Type type, string name, string header, string names)
    {
        Needs.Program("gcc");

        Compiler.Holds(["stddef.h", header],
            [$"_Static_assert(sizeof({name}) == {SizeOf(type)}, \"sizeof {name}\");", .. Offsets(type, name, names)]);
    }

    [Theory]
    [MemberData(nameof(BpfUnions))]
    public void Offsets_in_the_union_of_bpf_are_the_headers(Type type)
    {
        Needs.Program("gcc");

        Compiler.Holds(["stddef.h", "linux/bpf.h"], Offsets(type, "union bpf_attr", ""));
    }

    [Fact]
    public void Offsets_of_a_bpf_query_are_the_headers()
    {
        Needs.Program("gcc");

        Compiler.Holds(["stddef.h", "linux/bpf.h"], Offsets(typeof(BpfQueryAttr), "union bpf_attr",
            "query.target_fd query.attach_type query.query_flags query.attach_flags query.prog_ids query.prog_cnt"));
    }

    [Fact]
    public void An_instruction_of_bpf_has_eight_bytes()
    {
        Needs.Program("gcc");

        // The registers are bit fields, which have no offset.
        Compiler.Holds(["stddef.h", "linux/bpf.h"],
        [
            $"_Static_assert(sizeof(struct bpf_insn) == {SizeOf(typeof(BpfInstruction))}, \"bpf_insn\");",
            .. Offsets(typeof(BpfInstruction), "struct bpf_insn", "").Where(statement => !statement.Contains("registers", StringComparison.Ordinal)),
        ]);
    }

    [Fact]
    public void An_event_of_epoll_is_packed_as_this_machine_packs_it()
    {
        Needs.Program("gcc");

        Compiler.Holds(["stddef.h", "sys/epoll.h"],
        [
            $"_Static_assert(sizeof(struct epoll_event) == {Epoll.EventBytes}, \"epoll_event\");",
            $"_Static_assert(offsetof(struct epoll_event, data) == {Epoll.TokenOffset}, \"epoll_event.data\");",
        ]);
    }

    private static IEnumerable<string> Offsets(Type type, string name, string names)
    {
        FieldInfo[] fields = [.. Fields(type)];
        string[] spelled = names.Length > 0 ? names.Split(' ') : [.. fields.Select(field => field.Name)];
        Assert.Equal(fields.Length, spelled.Length);
        return fields.Zip(spelled, (field, word) => $"_Static_assert(offsetof({name}, {word}) == {OffsetOf(type, field)}, \"{name}.{word}\");");
    }

    private static IEnumerable<FieldInfo> Fields(Type type)
        => type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => !field.Name.StartsWith('_'))
            .OrderBy(field => OffsetOf(type, field));

    private static int SizeOf(Type type) => Emit(type, code => code.Emit(OpCodes.Sizeof, type));

    private static int OffsetOf(Type type, FieldInfo field) => Emit(type, code =>
    {
        LocalBuilder value = code.DeclareLocal(type);
        code.Emit(OpCodes.Ldloca, value);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Conv_I);
        code.Emit(OpCodes.Ldloca, value);
        code.Emit(OpCodes.Conv_I);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I4);
    });

    // Not Marshal's word, which is about marshalled structs: the one of the code that runs.
    private static int Emit(Type type, Action<ILGenerator> write)
    {
        DynamicMethod method = new("layout", typeof(int), [], type.Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        write(code);
        code.Emit(OpCodes.Ret);
        return (int)method.Invoke(null, null)!;
    }
}
