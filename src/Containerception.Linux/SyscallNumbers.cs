using System.Runtime.InteropServices;

namespace Containerception.Linux;

/// <summary>
/// The numbers of system calls, as in asm/unistd.h of x86-64 and of arm64 (which has asm-generic's).
/// The two tables went separate ways below 424 and are one from there on.
/// </summary>
public static class SyscallNumbers
{
    // A constant of the target to the compiler: no branch is left in any of the properties below.
    private static bool Arm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    // Files and descriptors.
    public static long SYS_read => Arm64 ? 63 : 0;
    public static long SYS_write => Arm64 ? 64 : 1;
    public static long SYS_close => Arm64 ? 57 : 3;
    public static long SYS_openat => Arm64 ? 56 : 257;
    public const long SYS_openat2 = 437;
    public static long SYS_chdir => Arm64 ? 49 : 80;
    public static long SYS_fchdir => Arm64 ? 50 : 81;
    public static long SYS_chroot => Arm64 ? 51 : 161;
    public static long SYS_mkdirat => Arm64 ? 34 : 258;
    public static long SYS_mknodat => Arm64 ? 33 : 259;
    public static long SYS_symlinkat => Arm64 ? 36 : 266;
    public static long SYS_linkat => Arm64 ? 37 : 265;
    public static long SYS_unlinkat => Arm64 ? 35 : 263;
    public static long SYS_renameat2 => Arm64 ? 276 : 316;
    public static long SYS_readlinkat => Arm64 ? 78 : 267;
    public const long SYS_faccessat2 = 439;
    public static long SYS_fchownat => Arm64 ? 54 : 260;
    public static long SYS_fchmodat => Arm64 ? 53 : 268;
    public static long SYS_fchmod => Arm64 ? 52 : 91;
    public static long SYS_fchown => Arm64 ? 55 : 93;
    public static long SYS_utimensat => Arm64 ? 88 : 280;
    public static long SYS_newfstatat => Arm64 ? 79 : 262;
    public static long SYS_fstat => Arm64 ? 80 : 5;
    public static long SYS_statx => Arm64 ? 291 : 332;
    public static long SYS_statfs => Arm64 ? 43 : 137;
    public static long SYS_fstatfs => Arm64 ? 44 : 138;
    public static long SYS_truncate => Arm64 ? 45 : 76;
    public static long SYS_ftruncate => Arm64 ? 46 : 77;
    public static long SYS_fsync => Arm64 ? 82 : 74;
    public static long SYS_sync_file_range => Arm64 ? 84 : 277;
    public static long SYS_lseek => Arm64 ? 62 : 8;
    public static long SYS_pread64 => Arm64 ? 67 : 17;
    public static long SYS_pwrite64 => Arm64 ? 68 : 18;
    public static long SYS_getdents64 => Arm64 ? 61 : 217;
    public static long SYS_sendfile => Arm64 ? 71 : 40;
    public static long SYS_copy_file_range => Arm64 ? 285 : 326;
    public static long SYS_dup => Arm64 ? 23 : 32;
    public static long SYS_dup3 => Arm64 ? 24 : 292;
    public static long SYS_fcntl => Arm64 ? 25 : 72;
    public static long SYS_flock => Arm64 ? 32 : 73;
    public static long SYS_ioctl => Arm64 ? 29 : 16;
    public static long SYS_pipe2 => Arm64 ? 59 : 293;
    public static long SYS_eventfd2 => Arm64 ? 19 : 290;
    public static long SYS_memfd_create => Arm64 ? 279 : 319;
    public static long SYS_inotify_init1 => Arm64 ? 26 : 294;
    public static long SYS_inotify_add_watch => Arm64 ? 27 : 254;
    public static long SYS_epoll_create1 => Arm64 ? 20 : 291;
    public static long SYS_epoll_ctl => Arm64 ? 21 : 233;
    public static long SYS_epoll_pwait => Arm64 ? 22 : 281;
    public static long SYS_ppoll => Arm64 ? 73 : 271;

    // Sockets.
    public static long SYS_socket => Arm64 ? 198 : 41;
    public static long SYS_socketpair => Arm64 ? 199 : 53;
    public static long SYS_bind => Arm64 ? 200 : 49;
    public static long SYS_listen => Arm64 ? 201 : 50;
    public static long SYS_accept4 => Arm64 ? 242 : 288;
    public static long SYS_connect => Arm64 ? 203 : 42;
    public static long SYS_sendto => Arm64 ? 206 : 44;
    public static long SYS_recvfrom => Arm64 ? 207 : 45;
    public static long SYS_sendmsg => Arm64 ? 211 : 46;
    public static long SYS_recvmsg => Arm64 ? 212 : 47;
    public static long SYS_shutdown => Arm64 ? 210 : 48;
    public static long SYS_getsockopt => Arm64 ? 209 : 55;
    public static long SYS_setsockopt => Arm64 ? 208 : 54;

    // Processes.
    public static long SYS_clone => Arm64 ? 220 : 56;
    public const long SYS_clone3 = 435;
    public static long SYS_unshare => Arm64 ? 97 : 272;
    public static long SYS_setns => Arm64 ? 268 : 308;
    public static long SYS_execve => Arm64 ? 221 : 59;
    public static long SYS_execveat => Arm64 ? 281 : 322;
    public static long SYS_exit => Arm64 ? 93 : 60;
    public static long SYS_exit_group => Arm64 ? 94 : 231;
    public static long SYS_wait4 => Arm64 ? 260 : 61;
    public static long SYS_waitid => Arm64 ? 95 : 247;
    public static long SYS_getpid => Arm64 ? 172 : 39;
    public static long SYS_getppid => Arm64 ? 173 : 110;
    public static long SYS_gettid => Arm64 ? 178 : 186;
    public static long SYS_getpgid => Arm64 ? 155 : 121;
    public static long SYS_setpgid => Arm64 ? 154 : 109;
    public static long SYS_getsid => Arm64 ? 156 : 124;
    public static long SYS_setsid => Arm64 ? 157 : 112;
    public static long SYS_kill => Arm64 ? 129 : 62;
    public static long SYS_tkill => Arm64 ? 130 : 200;
    public static long SYS_tgkill => Arm64 ? 131 : 234;
    public const long SYS_pidfd_open = 434;
    public const long SYS_pidfd_send_signal = 424;
    public const long SYS_pidfd_getfd = 438;

    // Who a process is, and what it may.
    public static long SYS_prctl => Arm64 ? 167 : 157;
    public static long SYS_capget => Arm64 ? 90 : 125;
    public static long SYS_capset => Arm64 ? 91 : 126;
    public static long SYS_getuid => Arm64 ? 174 : 102;
    public static long SYS_geteuid => Arm64 ? 175 : 107;
    public static long SYS_getgid => Arm64 ? 176 : 104;
    public static long SYS_getegid => Arm64 ? 177 : 108;
    public static long SYS_setuid => Arm64 ? 146 : 105;
    public static long SYS_setgid => Arm64 ? 144 : 106;
    public static long SYS_setresuid => Arm64 ? 147 : 117;
    public static long SYS_getresuid => Arm64 ? 148 : 118;
    public static long SYS_setresgid => Arm64 ? 149 : 119;
    public static long SYS_getresgid => Arm64 ? 150 : 120;
    public static long SYS_setfsuid => Arm64 ? 151 : 122;
    public static long SYS_setfsgid => Arm64 ? 152 : 123;
    public static long SYS_getgroups => Arm64 ? 158 : 115;
    public static long SYS_setgroups => Arm64 ? 159 : 116;
    public static long SYS_umask => Arm64 ? 166 : 95;
    public static long SYS_prlimit64 => Arm64 ? 261 : 302;
    public static long SYS_setpriority => Arm64 ? 140 : 141;
    public static long SYS_getpriority => Arm64 ? 141 : 140;

    // The host's names.
    public static long SYS_sethostname => Arm64 ? 161 : 170;
    public static long SYS_setdomainname => Arm64 ? 162 : 171;
    public static long SYS_personality => Arm64 ? 92 : 135;
    public static long SYS_getcwd => Arm64 ? 17 : 79;
    public static long SYS_uname => Arm64 ? 160 : 63;

    // Mounts.
    public static long SYS_mount => Arm64 ? 40 : 165;
    public static long SYS_umount2 => Arm64 ? 39 : 166;
    public static long SYS_pivot_root => Arm64 ? 41 : 155;
    public const long SYS_fsopen = 430;
    public const long SYS_fsconfig = 431;
    public const long SYS_fsmount = 432;
    public const long SYS_fspick = 433;
    public const long SYS_open_tree = 428;
    public const long SYS_move_mount = 429;
    public const long SYS_mount_setattr = 442;

    // Signals.
    public static long SYS_rt_sigprocmask => Arm64 ? 135 : 14;
    public static long SYS_rt_sigaction => Arm64 ? 134 : 13;
    public static long SYS_rt_sigsuspend => Arm64 ? 133 : 130;
    public static long SYS_rt_sigtimedwait => Arm64 ? 137 : 128;
    public static long SYS_rt_sigreturn => Arm64 ? 139 : 15;
    public static long SYS_sigaltstack => Arm64 ? 132 : 131;
    public static long SYS_signalfd4 => Arm64 ? 74 : 289;

    // Time and waiting.
    public static long SYS_nanosleep => Arm64 ? 101 : 35;
    public static long SYS_clock_gettime => Arm64 ? 113 : 228;
    public static long SYS_clock_nanosleep => Arm64 ? 115 : 230;
    public static long SYS_timerfd_create => Arm64 ? 85 : 283;
    public static long SYS_timerfd_settime => Arm64 ? 86 : 286;
    public static long SYS_futex => Arm64 ? 98 : 202;
    public static long SYS_getrandom => Arm64 ? 278 : 318;

    // Memory.
    public static long SYS_mmap => Arm64 ? 222 : 9;
    public static long SYS_munmap => Arm64 ? 215 : 11;
    public static long SYS_mprotect => Arm64 ? 226 : 10;
    public static long SYS_madvise => Arm64 ? 233 : 28;
    public static long SYS_brk => Arm64 ? 214 : 12;
    public static long SYS_mlockall => Arm64 ? 230 : 151;

    // Confinement and keys.
    public static long SYS_seccomp => Arm64 ? 277 : 317;
    public static long SYS_bpf => Arm64 ? 280 : 321;
    public static long SYS_add_key => Arm64 ? 217 : 248;
    public static long SYS_request_key => Arm64 ? 218 : 249;
    public static long SYS_keyctl => Arm64 ? 219 : 250;
    public const long SYS_close_range = 436;

    // Scheduling.
    public static long SYS_sched_setattr => Arm64 ? 274 : 314;
    public static long SYS_sched_getattr => Arm64 ? 275 : 315;
    public static long SYS_sched_setaffinity => Arm64 ? 122 : 203;
    public static long SYS_sched_getaffinity => Arm64 ? 123 : 204;
    public static long SYS_sched_setscheduler => Arm64 ? 119 : 144;
    public static long SYS_sched_yield => Arm64 ? 124 : 24;
    public static long SYS_ioprio_set => Arm64 ? 30 : 251;
    public static long SYS_ioprio_get => Arm64 ? 31 : 252;
    public static long SYS_set_mempolicy => Arm64 ? 237 : 238;
    public static long SYS_get_mempolicy => Arm64 ? 236 : 239;

    // Extended attributes.
    public static long SYS_setxattr => Arm64 ? 5 : 188;
    public static long SYS_lsetxattr => Arm64 ? 6 : 189;
    public static long SYS_fsetxattr => Arm64 ? 7 : 190;
    public static long SYS_getxattr => Arm64 ? 8 : 191;
    public static long SYS_lgetxattr => Arm64 ? 9 : 192;
    public static long SYS_fgetxattr => Arm64 ? 10 : 193;
    public static long SYS_removexattr => Arm64 ? 14 : 197;
    public static long SYS_fremovexattr => Arm64 ? 16 : 199;
    public static long SYS_listxattr => Arm64 ? 11 : 194;
    public static long SYS_flistxattr => Arm64 ? 13 : 196;
    public static long SYS_llistxattr => Arm64 ? 12 : 195;

    // Others that are filtered or probed.
    public static long SYS_set_tid_address => Arm64 ? 96 : 218;
    public static long SYS_set_robust_list => Arm64 ? 99 : 273;
    public const long SYS_landlock_create_ruleset = 444;
    public const long SYS_landlock_add_rule = 445;
    public const long SYS_landlock_restrict_self = 446;
    public static long SYS_perf_event_open => Arm64 ? 241 : 298;
    public static long SYS_userfaultfd => Arm64 ? 282 : 323;
    public const long SYS_io_uring_setup = 425;
    public static long SYS_name_to_handle_at => Arm64 ? 264 : 303;
    public static long SYS_open_by_handle_at => Arm64 ? 265 : 304;
    public const long SYS_quotactl_fd = 443;
    public static long SYS_acct => Arm64 ? 89 : 163;
    public static long SYS_syslog => Arm64 ? 116 : 103;
    public static long SYS_reboot => Arm64 ? 142 : 169;
    public static long SYS_ptrace => Arm64 ? 117 : 101;
    public static long SYS_process_vm_readv => Arm64 ? 270 : 310;
    public static long SYS_kcmp => Arm64 ? 272 : 312;
}
