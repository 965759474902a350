namespace Containerception.Unit.Tests.Oci;

/// <summary>One wrong field each, and the one line that it is refused with.</summary>
public sealed class WrongConfigTests
{
    [Theory]
    // Types.
    [InlineData("ociVersion", "1", "ociVersion: must be a string, not 1")]
    [InlineData("ociVersion", "(gone)", "ociVersion: is required")]
    [InlineData("ociVersion", "null", "ociVersion: is required")]
    [InlineData("process", "[]", "process: must be an object, not an array")]
    [InlineData("process.args", "\"sh\"", "process.args: must be an array, not a string")]
    [InlineData("process.args[0]", "null", "process.args[0]: must be a string, not null")]
    [InlineData("process.args[0]", "{}", "process.args[0]: must be a string, not an object")]
    [InlineData("process.terminal", "\"yes\"", "process.terminal: must be true or false, not a string")]
    [InlineData("process.user.uid", "-1", "process.user.uid: must be a whole number from 0 to 4294967295, not -1")]
    [InlineData("process.user.uid", "4294967296", "process.user.uid: must be a whole number from 0 to 4294967295, not 4294967296")]
    [InlineData("process.user.uid", "1.5", "process.user.uid: must be a whole number from 0 to 4294967295, not 1.5")]
    [InlineData("process.user.additionalGids", "[1, true]", "process.user.additionalGids[1]: must be a whole number from 0 to 4294967295, not true")]
    [InlineData("process.rlimits[0].hard", "18446744073709551616", "process.rlimits[0].hard: must be a whole number from 0 to 18446744073709551615, not 18446744073709551616")]
    [InlineData("mounts[2]", "\"x\"", "mounts[2]: must be an object, not a string")]
    [InlineData("mounts[2].options", "[[]]", "mounts[2].options[0]: must be a string, not an array")]
    [InlineData("annotations", "{\"a\": 1}", "annotations.a: must be a string, not 1")]
    [InlineData("linux.timeOffsets", "{\"boottime\": 3}", "linux.timeOffsets.boottime: must be an object, not 3")]
    [InlineData("linux.resources.blockIO.weight", "70000", "linux.resources.blockIO.weight: must be a whole number from 0 to 65535, not 70000")]
    // NUL.
    [InlineData("process.cwd", "\"/a\\u0000b\"", "process.cwd: must not contain a NUL")]
    [InlineData("process.env[0]", "\"A=\\u0000\"", "process.env[0]: must not contain a NUL")]
    [InlineData("mounts[0].source", "\"\\u0000\"", "mounts[0].source: must not contain a NUL")]
    [InlineData("linux.sysctl", "{\"net.a\\u0000\": \"1\"}", "linux.sysctl: has a name with a NUL")]
    [InlineData("linux.cgroupsPath", "\"/a\\u0000\"", "linux.cgroupsPath: must not contain a NUL")]
    // The top.
    [InlineData("ociVersion", "\"2.0.0\"", "ociVersion: must be a version 1.x.y, not \"2.0.0\"")]
    [InlineData("ociVersion", "\"\"", "ociVersion: must be a version 1.x.y, not \"\"")]
    [InlineData("ociVersion", "\"1.2\"", "ociVersion: must be a version 1.x.y, not \"1.2\"")]
    [InlineData("root", "(gone)", "root: is required")]
    [InlineData("root.path", "(gone)", "root.path: is required")]
    [InlineData("root.path", "\"\"", "root.path: must not be empty")]
    [InlineData("windows", "{\"layerFolders\": []}", "windows: is for another platform; ception runs Linux containers only")]
    [InlineData("solaris", "{\"milestone\": \"x\"}", "solaris: is for another platform; ception runs Linux containers only")]
    [InlineData("vm", "{\"kernel\": {}}", "vm: virtual machines are not supported by ception")]
    [InlineData("hostname", "\"0123456789012345678901234567890123456789012345678901234567890123x\"", "hostname: must have at most 64 bytes")]
    // process.
    [InlineData("process", "(gone)", "process: is required")]
    [InlineData("process.args", "[]", "process.args: must not be empty")]
    [InlineData("process.args", "(gone)", "process.args: must not be empty")]
    [InlineData("process.cwd", "\"tmp\"", "process.cwd: must be an absolute path, not \"tmp\"")]
    [InlineData("process.cwd", "\"\"", "process.cwd: must be an absolute path, not \"\"")]
    [InlineData("process.cwd", "(gone)", "process.cwd: is required")]
    [InlineData("process.env[1]", "\"TERM\"", "process.env[1]: must be NAME=value, not \"TERM\"")]
    [InlineData("process.env[1]", "\"=x\"", "process.env[1]: must be NAME=value, not \"=x\"")]
    [InlineData("process.capabilities.effective[3]", "\"CAP_BPF\"", "process.capabilities.effective[3]: CAP_BPF must be permitted as well")]
    [InlineData("process.rlimits[0].type", "\"RLIMIT_NONSENSE\"", "process.rlimits[0].type: no such limit: \"RLIMIT_NONSENSE\"")]
    [InlineData("process.rlimits[0].type", "(gone)", "process.rlimits[0].type: is required")]
    [InlineData("process.rlimits[0].soft", "1025", "process.rlimits[0].soft: 1025 is above the hard limit 1024")]
    [InlineData("process.rlimits[1]", "{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1, \"soft\": 1}", "process.rlimits[1].type: RLIMIT_NOFILE is set twice")]
    [InlineData("process.user.umask", "512", "process.user.umask: must be at most 0777, not 01000")]
    [InlineData("process.user.gid", "4294967295", "process.user.gid: 4294967295 is no id")]
    [InlineData("process.user.additionalGids", "[0, 4294967295]", "process.user.additionalGids[1]: 4294967295 is no id")]
    [InlineData("process.consoleSize", "{\"height\": 65536, \"width\": 1}", "process.consoleSize.height: must be at most 65535, not 65536")]
    [InlineData("process.oomScoreAdj", "1001", "process.oomScoreAdj: must be from -1000 to 1000, not 1001")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_ISO\"}", "process.scheduler.policy: no such policy: \"SCHED_ISO\"")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_FIFO\"}", "process.scheduler.priority: must be from 1 to 99 with SCHED_FIFO, not 0")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_OTHER\", \"priority\": 3}", "process.scheduler.priority: must be 0 with SCHED_OTHER, not 3")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_OTHER\", \"nice\": 20}", "process.scheduler.nice: must be from -20 to 19, not 20")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_BATCH\", \"runtime\": 9}", "process.scheduler: runtime, deadline and period are for SCHED_DEADLINE alone")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_DEADLINE\", \"runtime\": 9, \"deadline\": 8}", "process.scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period")]
    [InlineData("process.scheduler", "{\"policy\": \"SCHED_BATCH\", \"flags\": [\"X\"]}", "process.scheduler.flags[0]: no such flag: \"X\"")]
    [InlineData("process.ioPriority", "{\"class\": \"X\"}", "process.ioPriority.class: no such class: \"X\"")]
    [InlineData("process.ioPriority", "{\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 8}", "process.ioPriority.priority: must be from 0 to 7, not 8")]
    [InlineData("process.execCPUAffinity", "{\"initial\": \"3-1\"}", "process.execCPUAffinity.initial: must be a list like 0-3,7, not \"3-1\"")]
    // linux.memoryPolicy.
    [InlineData("linux.memoryPolicy", "{}", "linux.memoryPolicy.mode: is required")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_X\"}", "linux.memoryPolicy.mode: no such mode: \"MPOL_X\"")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_BIND\"}", "linux.memoryPolicy.nodes: MPOL_BIND needs some")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_LOCAL\", \"nodes\": \"0\"}", "linux.memoryPolicy.nodes: MPOL_LOCAL takes none")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"1024\"}", "linux.memoryPolicy.nodes: must be a list like 0-3,7, not \"1024\"")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": [\"X\"]}", "linux.memoryPolicy.flags[0]: no such flag: \"X\"")]
    [InlineData("linux.memoryPolicy", "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": [\"MPOL_F_STATIC_NODES\", \"MPOL_F_RELATIVE_NODES\"]}", "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")]
    // mounts and hooks.
    [InlineData("mounts[1].destination", "\"\"", "mounts[1].destination: must not be empty")]
    [InlineData("mounts[1].destination", "(gone)", "mounts[1].destination: is required")]
    [InlineData("mounts[0]", "{\"destination\": \"/x\", \"type\": \"bind\"}", "mounts[0].source: a bind mount needs one")]
    [InlineData("mounts[0]", "{\"destination\": \"/x\", \"options\": [\"rbind\"]}", "mounts[0].source: a bind mount needs one")]
    [InlineData("mounts[0].uidMappings", "[{\"size\": 1}]", "mounts[0].gidMappings: is needed too: an ID-mapped mount maps both")]
    [InlineData("mounts[0]", "{\"destination\": \"/x\", \"uidMappings\": [{\"size\": 0}], \"gidMappings\": [{\"size\": 1}]}", "mounts[0].uidMappings[0].size: must be greater than 0")]
    [InlineData("hooks.prestart", "[{\"path\": \"bin/x\"}]", "hooks.prestart[0].path: must be an absolute path, not \"bin/x\"")]
    [InlineData("hooks.poststop", "[{\"path\": \"/x\", \"timeout\": 0}]", "hooks.poststop[0].timeout: must be greater than 0")]
    [InlineData("hooks.createRuntime", "[{\"path\": \"/x\"}, {\"path\": \"/x\", \"env\": [\"A\"]}]", "hooks.createRuntime[1].env[0]: must be NAME=value, not \"A\"")]
    [InlineData("hooks.startContainer", "[{}]", "hooks.startContainer[0].path: is required")]
    public void A_wrong_field_is_named(string path, string json, string message)
        => Assert.Equal(message, ConfigEdit.Refusal(ConfigEdit.Apply((path, json))));

    [Theory]
    [InlineData("linux.namespaces[0].type", "\"pidd\"", "linux.namespaces[0].type: no such namespace: \"pidd\"")]
    [InlineData("linux.namespaces[1].type", "\"pid\"", "linux.namespaces[1].type: pid is listed twice")]
    [InlineData("linux.namespaces[0].path", "\"proc/1/ns/pid\"", "linux.namespaces[0].path: must be an absolute path, not \"proc/1/ns/pid\"")]
    [InlineData("linux.namespaces", "[{\"type\": \"mount\"}]", "hostname: needs a uts namespace in linux.namespaces")]
    [InlineData("linux.uidMappings", "[{\"size\": 1}]", "linux.uidMappings: needs a user namespace in linux.namespaces")]
    [InlineData("linux.namespaces[5]", "{\"type\": \"user\"}", "linux.uidMappings: a new user namespace needs at least one")]
    [InlineData("linux.timeOffsets", "{\"boottime\": {\"secs\": 1}}", "linux.timeOffsets: needs a new time namespace in linux.namespaces")]
    [InlineData("linux.devices", "[{\"path\": \"dev/x\", \"type\": \"c\"}]", "linux.devices[0].path: must be an absolute path, not \"dev/x\"")]
    [InlineData("linux.devices", "[{\"path\": \"/dev/x\", \"type\": \"d\"}]", "linux.devices[0].type: must be c, b, u or p, not \"d\"")]
    [InlineData("linux.devices", "[{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": 4096}]", "linux.devices[0].major: must be from 0 to 4095, not 4096")]
    [InlineData("linux.devices", "[{\"path\": \"/dev/x\", \"type\": \"b\", \"minor\": -1}]", "linux.devices[0].minor: must be from 0 to 1048575, not -1")]
    [InlineData("linux.devices", "[{\"path\": \"/dev/x\", \"type\": \"c\", \"fileMode\": 65536}]", "linux.devices[0].fileMode: must be at most 65535, not 65536")]
    [InlineData("linux.cgroupsPath", "\"/a\\n/b\"", "linux.cgroupsPath: must be on one line")]
    [InlineData("linux.maskedPaths[3]", "\"proc/kcore\"", "linux.maskedPaths[3]: must be an absolute path, not \"proc/kcore\"")]
    [InlineData("linux.readonlyPaths[0]", "\"\"", "linux.readonlyPaths[0]: must be an absolute path, not \"\"")]
    [InlineData("linux.rootfsPropagation", "\"public\"", "linux.rootfsPropagation: must be shared, slave, private or unbindable, not \"public\"")]
    [InlineData("linux.personality", "{\"domain\": \"LINUX16\"}", "linux.personality.domain: must be LINUX or LINUX32, not \"LINUX16\"")]
    [InlineData("linux.personality", "{\"domain\": \"LINUX\", \"flags\": [\"X\"]}", "linux.personality.flags: the specification knows none")]
    [InlineData("linux.intelRdt", "{\"closID\": \"..\"}", "linux.intelRdt.closID: must be a name, or / for the root class, not \"..\"")]
    [InlineData("linux.intelRdt", "{\"closID\": \"a/b\"}", "linux.intelRdt.closID: must be a name, or / for the root class, not \"a/b\"")]
    [InlineData("linux.intelRdt", "{\"closID\": \"info\"}", "linux.intelRdt.closID: \"info\" is a directory of resctrl's own")]
    [InlineData("linux.intelRdt", "{\"schemata\": [\"L3:0=f\", \"x\"]}", "linux.intelRdt.schemata[1]: must be one line like L3:0=ff, not \"x\"")]
    [InlineData("linux.intelRdt", "{\"memBwSchema\": \"L3:0=f\"}", "linux.intelRdt.memBwSchema: must be one line that starts with MB:, not \"L3:0=f\"")]
    [InlineData("linux.intelRdt", "{\"l3CacheSchema\": \"ff\"}", "linux.intelRdt.l3CacheSchema: must be lines like L3:0=ff, not \"ff\"")]
    [InlineData("linux.resources.rdma", "{\"mlx5\": {}}", "linux.resources.rdma.mlx5: has neither hcaHandles nor hcaObjects")]
    [InlineData("linux.resources.rdma", "{\"a b\": {\"hcaHandles\": 1}}", "linux.resources.rdma: \"a b\" is not the name of a device")]
    [InlineData("linux.netDevices", "{\"eth0\": {\"name\": \"a/b\"}}", "linux.netDevices.eth0.name: \"a/b\" is not the name of a network interface")]
    [InlineData("linux.netDevices", "{\"eth0\": {\"name\": \"%d0\"}}", "linux.netDevices.eth0.name: \"%d0\" is not the name of a network interface")]
    [InlineData("linux.netDevices", "{\"a-name-of-sixteen\": {}}", "linux.netDevices: \"a-name-of-sixteen\" is not the name of a network interface")]
    [InlineData("linux.netDevices", "{\"eth0\": {\"name\": \"x\"}, \"x\": {}}", "linux.netDevices.x.name: \"x\" is given to two devices")]
    [InlineData("linux.resources.devices[0].type", "\"x\"", "linux.resources.devices[0].type: must be a, b or c, not \"x\"")]
    [InlineData("linux.resources.devices[0].access", "\"rx\"", "linux.resources.devices[0].access: must be letters of rwm, not \"rx\"")]
    [InlineData("linux.resources.devices[0].major", "-2", "linux.resources.devices[0].major: must not be negative")]
    [InlineData("linux.resources.memory", "{\"limit\": -2}", "linux.resources.memory.limit: must be -1 (no limit) or more, not -2")]
    [InlineData("linux.resources.memory", "{\"limit\": 200, \"swap\": 100}", "linux.resources.memory.swap: is memory and swap together: 100 is below the memory limit 200")]
    [InlineData("linux.resources.memory", "{\"swappiness\": 101}", "linux.resources.memory.swappiness: must be at most 100, not 101")]
    [InlineData("linux.resources.cpu", "{\"cpus\": \"0-\"}", "linux.resources.cpu.cpus: must be a list like 0-3,7, not \"0-\"")]
    [InlineData("linux.resources.cpu", "{\"mems\": \"+1\"}", "linux.resources.cpu.mems: must be a list like 0-3,7, not \"+1\"")]
    [InlineData("linux.resources.cpu", "{\"idle\": 2}", "linux.resources.cpu.idle: must be 0 or 1, not 2")]
    [InlineData("linux.resources.pids", "{\"limit\": -7}", "linux.resources.pids.limit: must be -1 (no limit) or more, not -7")]
    [InlineData("linux.resources.blockIO", "{\"weight\": 5}", "linux.resources.blockIO.weight: must be from 10 to 1000, not 5")]
    [InlineData("linux.resources.blockIO", "{\"weightDevice\": [{\"major\": 8}]}", "linux.resources.blockIO.weightDevice[0]: has no weight")]
    [InlineData("linux.resources.hugepageLimits", "[{\"pageSize\": \"2\"}]", "linux.resources.hugepageLimits[0].pageSize: must be a size like 2MB, not \"2\"")]
    [InlineData("linux.resources.unified", "{\"../x.y\": \"1\"}", "linux.resources.unified: \"../x.y\" is not a file of a cgroup, like memory.max")]
    [InlineData("linux.sysctl", "{\"vm.swappiness\": \"1\"}", "linux.sysctl.vm.swappiness: belongs to no namespace: it would change the host")]
    [InlineData("linux.sysctl", "{\"kernel/core_pattern\": \"1\"}", "linux.sysctl.kernel.core_pattern: belongs to no namespace: it would change the host")]
    [InlineData("linux.sysctl", "{\"kernel.hostname\": \"x\"}", "linux.sysctl.kernel.hostname: conflicts with the field hostname: use that")]
    [InlineData("linux.sysctl", "{\"kernel.shm_rmid_forced\": \"1+kernel.core_pattern=|x\\n\"}", "linux.sysctl.kernel.shm_rmid_forced: must be on one line")]
    [InlineData("linux.sysctl", "{\"net.a+kernel.core_pattern\": \"1\"}", "linux.sysctl: \"net.a+kernel.core_pattern\" is not the name of a sysctl")]
    [InlineData("linux.sysctl", "{\"net/../kernel/core_pattern\": \"1\"}", "linux.sysctl: \"net/../kernel/core_pattern\" is not the name of a sysctl")]
    [InlineData("linux.sysctl", "{\"\": \"1\"}", "linux.sysctl: \"\" is not the name of a sysctl")]
    public void A_wrong_field_of_Linux_is_named(string path, string json, string message)
        => Assert.Equal(message, ConfigEdit.Refusal(ConfigEdit.Apply((path, json))));

    [Theory]
    [InlineData("{\"type\": \"pid\"}", "linux.sysctl", "{\"net.ipv4.ip_forward\": \"1\"}", "linux.sysctl.net.ipv4.ip_forward: needs a network namespace in linux.namespaces, or it would change the host")]
    [InlineData("{\"type\": \"pid\"}", "linux.sysctl", "{\"kernel.shmmax\": \"1\"}", "linux.sysctl.kernel.shmmax: needs an ipc namespace in linux.namespaces, or it would change the host")]
    [InlineData("{\"type\": \"pid\"}", "linux.sysctl", "{\"fs/mqueue/msg_max\": \"1\"}", "linux.sysctl.fs.mqueue.msg_max: needs an ipc namespace in linux.namespaces, or it would change the host")]
    [InlineData("{\"type\": \"pid\"}", "linux.netDevices", "{\"eth0\": {}}", "linux.netDevices: needs a network namespace in linux.namespaces to move them to")]
    [InlineData("{\"type\": \"pid\"}", "linux.sysctl", "{\"user/max_net_namespaces\": \"1\"}", "linux.sysctl.user.max_net_namespaces: needs a user namespace in linux.namespaces, or it would change the host")]
    [InlineData("{\"type\": \"pid\"}", "linux.sysctl", "{\"kernel.domainname\": \"x\"}", "linux.sysctl.kernel.domainname: needs a uts namespace in linux.namespaces, or it would change the host")]
    [InlineData("{\"type\": \"pid\"}", "domainname", "\"x\"", "domainname: needs a uts namespace in linux.namespaces")]
    [InlineData("{\"type\": \"time\"}", "linux.timeOffsets", "{\"realtime\": {\"secs\": 1}}", "linux.timeOffsets.realtime: must be of the clock monotonic or boottime")]
    [InlineData("{\"type\": \"time\"}", "linux.timeOffsets", "{\"boottime\": {\"nanosecs\": 1000000000}}", "linux.timeOffsets.boottime.nanosecs: must be below 1000000000, not 1000000000")]
    [InlineData("{\"type\": \"time\", \"path\": \"/x\"}", "linux.timeOffsets", "{\"boottime\": {\"secs\": 1}}", "linux.timeOffsets: needs a new time namespace in linux.namespaces")]
    public void What_needs_a_namespace_says_so(string ns, string path, string json, string message)
        => Assert.Equal(message, ConfigEdit.Refusal(ConfigEdit.Apply(("hostname", "(gone)"), ("linux.namespaces", $"[{ns}]"), (path, json))));

    [Theory]
    [InlineData("[{\"size\": 0}]", "linux.uidMappings[0].size: must be greater than 0")]
    [InlineData("[{\"containerID\": 4294967295, \"hostID\": 0, \"size\": 2}]", "linux.uidMappings[0].size: 2 ids go beyond the last one")]
    [InlineData("[{\"containerID\": 0, \"hostID\": 0, \"size\": 9}, {\"containerID\": 8, \"hostID\": 100, \"size\": 1}]", "linux.uidMappings[1]: overlaps with linux.uidMappings[0]")]
    [InlineData("[{\"containerID\": 0, \"hostID\": 0, \"size\": 9}, {\"containerID\": 9, \"hostID\": 8, \"size\": 1}]", "linux.uidMappings[1]: overlaps with linux.uidMappings[0]")]
    [InlineData("[{\"size\": 1}]", "linux.gidMappings: a new user namespace needs at least one")]
    public void An_id_mapping_that_the_kernel_would_refuse_is_named(string uidMappings, string message)
        => Assert.Equal(message, ConfigEdit.Refusal(ConfigEdit.Apply(("linux.namespaces[5]", "{\"type\": \"user\"}"), ("linux.uidMappings", uidMappings))));

    [Theory]
    [InlineData("", "is not JSON that can be read, at line 1, byte 1")]
    [InlineData("{", "is not JSON that can be read, at line 1, byte 2")]
    [InlineData("{\"ociVersion\": \"1.0.0\",\n}", "is not JSON that can be read, at line 2, byte 1")]
    [InlineData("{} {}", "is not JSON that can be read, at line 1, byte 4")]
    [InlineData("// a\n{}", "is not JSON that can be read, at line 1, byte 1")]
    [InlineData("[]", "must be an object, not an array")]
    [InlineData("null", "must be an object, not null")]
    [InlineData("{\"ociVersion\": \"1.0.0\", \"process\": {\"cwd\": \"/\", \"cwd\": \"/x\"}}", "has an object with the same name twice")]
    public void What_is_no_config_at_all_is_refused(string json, string message)
        => Assert.Equal(message, ConfigEdit.Refusal(System.Text.Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_document_beyond_the_bound_is_refused()
        => Assert.Equal("is longer than 4194304 bytes", ConfigEdit.Refusal(new byte[(4 << 20) + 1]));

    [Fact]
    public void A_document_deeper_than_the_bound_is_refused()
        => Assert.StartsWith("is not JSON", ConfigEdit.Refusal(ConfigEdit.Apply(("x", new string('[', 40) + new string(']', 40)))), StringComparison.Ordinal);

    [Fact]
    public void A_text_that_is_half_a_character_is_refused()
        => Assert.Equal(
            "process.cwd: is not valid Unicode",
            ConfigEdit.Refusal("""{"ociVersion": "1.0.0", "process": {"cwd": "\ud800"}}"""u8.ToArray()));

    [Fact]
    public void A_message_stays_on_one_line()
        => Assert.Equal(
            "process.cwd: must be an absolute path, not \"a\\nb\"",
            ConfigEdit.Refusal(ConfigEdit.Apply(("process.cwd", "\"a\\nb\""))));
}
