namespace Containerception.Engine.Tests;

/// <summary>What the root of a container that nests may try against the machine, at whatever level: scripts that succeed when they got what they wanted.</summary>
public static class MachineAttempts
{
    public static TheoryData<string, string> All => new()
    {
        { "a program for the machine's crashes", "echo '|/bin/sh' >/proc/sys/kernel/core_pattern" },
        { "the machine's memory", "echo 1 >/proc/sys/vm/drop_caches || echo 1 >/proc/sys/vm/overcommit_memory" },
        { "limits of the machine's root", "echo 9999 >/proc/sys/fs/file-max || echo 9 >/proc/sys/kernel/pid_max || echo 9 >/proc/sys/kernel/keys/maxkeys" },
        { "sysrq", "echo h >/proc/sysrq-trigger" },
        { "sysrq in a proc of its own", "mount -t proc proc /tmp && echo h >/tmp/sysrq-trigger" },
        { "sysctls in a proc of its own", "mount -t proc proc /tmp && echo x >/tmp/sys/kernel/core_pattern" },
        { "the kernel's memory", "mount -t proc proc /tmp && head -c 1 /tmp/kcore" },
        { "the kernel's messages", "head -c 1 /dev/kmsg || { mount -t proc proc /tmp && head -c 1 /tmp/kmsg; }" },
        { "a program for the machine's devices", "mount -t sysfs sys /tmp && echo /bin/sh >/tmp/kernel/uevent_helper" },
        { "the machine's sysfs, writable", "mount -o remount,rw /sys && echo mem >/sys/power/state" },
        { "a disk", "mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk" },
        { "the machine's device nodes", "mount -t devtmpfs dev /tmp" },
        { "the kernel's debugging", "mount -t debugfs debug /tmp || mount -t tracefs trace /tmp || mount -t securityfs security /tmp" },
        { "a tree of cgroups with a program for its ends", "mount -t cgroup -o none,name=own own /tmp" },
        { "devices by its cgroup", "echo a >/sys/fs/cgroup/devices/devices.allow || { mkdir /sys/fs/cgroup/devices/x && echo a >/sys/fs/cgroup/devices/x/devices.allow; }" },
        { "a program when a group is empty", "for agent in /sys/fs/cgroup/*/release_agent; do echo /evil >$agent && exit 0; done; exit 1" },
        { "the programs that were brought in", "echo x >/usr/local/bin/ception || { mount -o remount,rw,bind /usr/local/bin/ception && echo x >/usr/local/bin/ception; }" },
        { "the machine's clock", "busybox date -s 2000-01-01 >/dev/null; [ $(busybox date +%Y) = 2000 ]" },
        { "a module", "busybox insmod /etc/passwd 2>&1 | grep -v 'not permitted'" },
    };
}
