// floor ROOTFS NAME PROGRAM [ARGUMENT...]: run a program in what the default config.json asks for, and nothing else.
//
// No document is read, nothing is checked, logged, kept or told, and nobody could look into the container or stop it: what is left is what the
// kernel takes for the same namespaces, mounts, control groups and execve(2). No runtime can be quicker here than this is.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(long result, const char *what) {
  if (result < 0) {
    perror(what);
    _exit(125);
  }
}

static void put(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  must(file, path);
  must(write(file, text, strlen(text)), path);
  close(file);
}

// --- when each part ended, for FLOOR_TIMES=FILE: a line with what, tab, and microseconds since 1970 ------------------------------

enum part { STARTED, GROUPS_MADE, CLONED, ENTERED, MOUNTED, PIVOTED, MASKED, CONNECTED, BECAME, ENDED, REMOVED, PARTS };
static const char *const parts[PARTS] = {"start", "groups", "clone", "enter", "mounts", "pivot", "masks", "loopback", "process", "program", "remove"};

// Shared with the child; a write to it is all that a run without FLOOR_TIMES pays.
static long long *ends;

static void mark(enum part part) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  ends[part] = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void tell(const char *path) {
  FILE *file = fopen(path, "a");
  must(file ? 0 : -1, path);
  for (int part = 0; part < PARTS; part++) fprintf(file, "%s\t%lld\n", parts[part], ends[part]);
  fclose(file);
}

// --- control groups: a directory in each hierarchy, which the child enters itself ----------------------------------------------

static const char *const controllers[] = {"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids", "systemd"};
static const char *const devices[] = {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static int version2;
static char group[4096];

static const char *in_group(const char *controller, const char *name, const char *file) {
  if (version2) snprintf(group, sizeof group, "/sys/fs/cgroup/%s%s%s", name, *file ? "/" : "", file);
  else snprintf(group, sizeof group, "/sys/fs/cgroup/%s/%s%s%s", controller, name, *file ? "/" : "", file);
  return group;
}

static void make_groups(const char *name) {
  for (size_t i = 0; i < (version2 ? 1 : COUNT(controllers)); i++) {
    must(mkdir(in_group(controllers[i], name, ""), 0755), group);
    if (version2) continue;
    if (!strcmp(controllers[i], "cpuset")) {
      put(in_group("cpuset", name, "cpuset.cpus"), "0-1");
      put(in_group("cpuset", name, "cpuset.mems"), "0");
    }
    if (!strcmp(controllers[i], "devices")) {
      put(in_group("devices", name, "devices.deny"), "a");
      for (size_t k = 0; k < COUNT(devices); k++) put(in_group("devices", name, "devices.allow"), devices[k]);
    }
  }
}

static void enter_groups(const char *name) {
  // Of version 2 the child is born in its group, which it then sees as the root.
  if (version2) must(unshare(CLONE_NEWCGROUP), "CLONE_NEWCGROUP");
  else for (size_t i = 0; i < COUNT(controllers); i++) put(in_group(controllers[i], name, "tasks"), "0");
}

static void remove_groups(const char *name) {
  for (size_t i = 0; i < (version2 ? 1 : COUNT(controllers)); i++)
    must(rmdir(in_group(controllers[i], name, "")), group);
}

// --- the root ------------------------------------------------------------------------------------------------------------------

static void put_on(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
  must(mount(source, target, type, flags, data), target);
}

static void make_root(const char *root, const char *name) {
  put_on(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
  put_on(root, root, NULL, MS_BIND | MS_REC, NULL);
  must(chdir(root), root);
  put_on("proc", "proc", "proc", 0, NULL);
  put_on("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  must(mkdir("dev/pts", 0755), "dev/pts");
  must(mkdir("dev/shm", 0755), "dev/shm");
  must(mkdir("dev/mqueue", 0755), "dev/mqueue");
  put_on("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
  put_on("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k");
  put_on("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
  put_on("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL);
  if (version2) {
    put_on(in_group("", name, ""), "sys/fs/cgroup", NULL, MS_BIND, NULL);
    put_on(NULL, "sys/fs/cgroup", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
  } else {
    put_on("cgroup", "sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=755");
    for (size_t i = 0; i < COUNT(controllers); i++) {
      char target[128];
      snprintf(target, sizeof target, "sys/fs/cgroup/%s", controllers[i]);
      must(mkdir(target, 0755), target);
      put_on(in_group(controllers[i], name, ""), target, NULL, MS_BIND, NULL);
      put_on(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
    }
    put_on(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=755");
  }

  static const struct { const char *path; int major, minor; } nodes[] = {
      {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7}, {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  umask(0);
  for (size_t i = 0; i < COUNT(nodes); i++) must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
  must(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
  must(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
  must(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
  must(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
  must(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
  umask(022);

  mark(MOUNTED);
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount2");
  mark(PIVOTED);

  static const char *const fixed[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  for (size_t i = 0; i < COUNT(fixed); i++) {
    if (mount(fixed[i], fixed[i], NULL, MS_BIND | MS_REC, NULL) < 0) continue;
    put_on(NULL, fixed[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
  }
  static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                                       "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"};
  for (size_t i = 0; i < COUNT(masked); i++)
    if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) < 0) mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, NULL);
  put_on(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
  mark(MASKED);
}

// --- the process ---------------------------------------------------------------------------------------------------------------

static void bring_up_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  must(ioctl(socket_, SIOCSIFFLAGS, &request), "lo");
  close(socket_);
}

static void become(void) {
  static const unsigned long long kept = 1ULL << CAP_AUDIT_WRITE | 1ULL << CAP_KILL | 1ULL << CAP_NET_BIND_SERVICE;
  must(sethostname("runc", 4), "sethostname");
  struct rlimit files = {1024, 1024};
  must(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
  must(setsid(), "setsid");
  for (int i = 0; i <= CAP_LAST_CAP; i++)
    if (!(kept & 1ULL << i)) must(prctl(PR_CAPBSET_DROP, i, 0, 0, 0), "PR_CAPBSET_DROP");
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{(unsigned)kept, (unsigned)kept, 0}, {0, 0, 0}};
  must(syscall(SYS_capset, &header, sets), "capset");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

int main(int count, char **words) {
  if (count < 4) return fprintf(stderr, "usage: floor ROOTFS NAME PROGRAM [ARGUMENT...]\n"), 125;
  ends = mmap(NULL, sizeof *ends * PARTS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(ends == MAP_FAILED ? -1 : 0, "mmap");
  mark(STARTED);
  version2 = !access("/sys/fs/cgroup/cgroup.controllers", F_OK);
  make_groups(words[2]);
  mark(GROUPS_MADE);
  struct clone_args how = {
      .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS,
      .exit_signal = SIGCHLD,
  };
  if (version2) {
    how.flags |= CLONE_INTO_CGROUP;
    how.cgroup = (unsigned long long)open(in_group("", words[2], ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must((int)how.cgroup, group);
  }
  long child = syscall(SYS_clone3, &how, sizeof how);
  must(child, "clone3");
  if (child == 0) {
    mark(CLONED);
    enter_groups(words[2]);
    mark(ENTERED);
    make_root(words[1], words[2]);
    bring_up_loopback();
    mark(CONNECTED);
    become();
    mark(BECAME);
    char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};
    execve(words[3], words + 3, environment);
    must(-1, words[3]);
  }
  int status;
  must(waitpid((pid_t)child, &status, 0), "waitpid");
  mark(ENDED);
  remove_groups(words[2]);
  mark(REMOVED);
  const char *path = getenv("FLOOR_TIMES");
  if (path) tell(path);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
