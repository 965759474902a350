using System.CommandLine;

namespace Containerception.Cdock;

/// <summary>The flags of <c>cdock run</c>, with docker's names and meanings.</summary>
internal sealed class RunOptions
{
    public Option<string> Bundle { get; } = Text("--bundle", "DIR", "Start on an OCI bundle; flags change its config.json");
    public Option<string> Rootfs { get; } = Text("--rootfs", "DIR[:overlay]", "Start on a directory; with :overlay what is written is thrown away");
    public Option<string> Pull { get; } = Text("--pull", "always|missing|never", "When to fetch the image (default: missing)");
    public Option<bool> Quiet { get; } = Switch("--quiet", "Do not tell of the fetching", "-q");
    public Option<string> Platform { get; } = Text("--platform", "OS/ARCH", "Which image of several: linux/arm64, linux/arm/v7");
    public Option<bool> Interactive { get; } = Switch("--interactive", "Give the program this standard input", "-i");
    public Option<bool> Tty { get; } = Switch("--tty", "Give the program a terminal of its own", "-t");
    public Option<bool> Remove { get; } = Switch("--rm", "Forget the container when it ends");
    public Option<bool> Detach { get; } = Switch("--detach", "Return once the program runs, and print the id", "-d");
    public Option<string[]> Attach { get; } = List("--attach", "STDIN|STDOUT|STDERR", "Join only these streams (default: both outputs, and with -i the input)", "-a");
    public Option<string> Name { get; } = Text("--name", "NAME", "The container's name");
    public Option<string> Hostname { get; } = Text("--hostname", "NAME", "The host name inside (default: cdock; an image's: the id)", "-h");
    public Option<string[]> Env { get; } = List("--env", "NAME=VALUE", "Set an environment variable; NAME alone takes the value from here", "-e");
    public Option<string[]> EnvFile { get; } = List("--env-file", "FILE", "Set the environment variables of a file");
    public Option<string> Workdir { get; } = Text("--workdir", "DIR", "The working directory inside", "-w");
    public Option<string> User { get; } = Text("--user", "USER[:GROUP]", "Who runs the program: names or numbers", "-u");
    public Option<string[]> GroupAdd { get; } = List("--group-add", "GROUP", "Another group of that user");
    public Option<string> Entrypoint { get; } = Text("--entrypoint", "PROGRAM", "Put before the command, in place of the root's own");
    public Option<bool> Init { get; } = Switch("--init", "Put a small init before the program: it reaps zombies and forwards signals");
    public Option<string> StopSignal { get; } = Text("--stop-signal", "SIGNAL", "What asks the program to end (default: the image's, else SIGTERM)");
    public Option<string> StopTimeout { get; } = Text("--stop-timeout", "SECONDS", "After so long stop kills, -1 never (default: 10)");
    public Option<string> Restart { get; } = Text("--restart", "POLICY", "no, on-failure[:N], always or unless-stopped (default: no)");
    public Option<string> CidFile { get; } = Text("--cidfile", "FILE", "Write the container's id to a file that must not be there");
    public Option<string> DetachKeys { get; } = DetachKeysOption.Create();
    public Option<bool> SignalProxy { get; } = new("--sig-proxy") { Description = "Pass signals on to the program", DefaultValueFactory = _ => true };
    public Option<string> LogDriver { get; } = Text("--log-driver", "json-file|journald|none", "Where what the program writes is kept (default: json-file)");
    public Option<string[]> LogOpt { get; } = List("--log-opt", "NAME=VALUE", "An option of the log driver: max-size=10m, max-file=3; labels=NAMES, labels-regex=PATTERN, env and env-regex; journald: tag=TEXT");
    public Option<string> HealthCommand { get; } = Text("--health-cmd", "COMMAND", "A shell command that succeeds while all is well");
    public Option<string> HealthInterval { get; } = Text("--health-interval", "TIME", "From one check to the next (default: 30s)");
    public Option<string> HealthTimeout { get; } = Text("--health-timeout", "TIME", "A check that takes longer has failed (default: 30s)");
    public Option<string> HealthRetries { get; } = Text("--health-retries", "NUMBER", "So many failures in a row make it unhealthy (default: 3)");
    public Option<string> HealthStartPeriod { get; } = Text("--health-start-period", "TIME", "For so long failures do not count (default: 0s)");
    public Option<string> HealthStartInterval { get; } = Text("--health-start-interval", "TIME", "From one check to the next meanwhile (default: 5s)");
    public Option<bool> NoHealthCheck { get; } = Switch("--no-healthcheck", "Check nothing, whatever the image says");
    public Option<string[]> LabelFile { get; } = List("--label-file", "FILE", "The notes of a file, one a line");
    public Option<string[]> Annotation { get; } = List("--annotation", "NAME=VALUE", "A word to the OCI runtime");
    public Option<string> Domainname { get; } = Text("--domainname", "NAME", "The NIS domain name inside");
    public Option<string[]> Label { get; } = List("--label", "NAME=VALUE", "A note on the container", "-l");

    public Option<string[]> Volume { get; } = List("--volume", "[SRC:]DST[:ro]", "Show a directory or file of the host, or a volume: SRC is its name, or none", "-v");
    public Option<string[]> VolumesFrom { get; } = List("--volumes-from", "CONTAINER[:ro]", "Mount what another container has mounted");
    public Option<string[]> Mount { get; } = List("--mount", "type=bind|volume|tmpfs,…", "Mount a directory of the host, a volume, or memory");
    public Option<string[]> Tmpfs { get; } = List("--tmpfs", "DST[:OPTIONS]", "Mount memory");
    public Option<bool> ReadOnly { get; } = Switch("--read-only", "The root file system cannot be written");
    public Option<string> ShmSize { get; } = Text("--shm-size", "SIZE", "The size of /dev/shm (default: 64m)");

    public Option<string> Memory { get; } = Text("--memory", "SIZE", "The most memory: more, and the program is killed", "-m");
    public Option<string> MemorySwap { get; } = Text("--memory-swap", "SIZE", "Memory and swap together; -1 is any amount of swap");
    public Option<string> MemoryReservation { get; } = Text("--memory-reservation", "SIZE", "What the container is left with when memory is short");
    public Option<string> Cpus { get; } = Text("--cpus", "NUMBER", "The most processor time: 0.5 is half a processor");
    public Option<string> CpuShares { get; } = Text("--cpu-shares", "NUMBER", "The share of the processors when they are scarce (usual: 1024)", "-c");
    public Option<string> CpusetCpus { get; } = Text("--cpuset-cpus", "LIST", "The processors to run on: 0-3,7");
    public Option<string> CpusetMems { get; } = Text("--cpuset-mems", "LIST", "The memory nodes to take memory from: 0-1");
    public Option<string> CpuPeriod { get; } = Text("--cpu-period", "MICROSECONDS", "What --cpu-quota is a part of, 1000 to 1000000");
    public Option<string> CpuQuota { get; } = Text("--cpu-quota", "MICROSECONDS", "The most processor time in each --cpu-period, 1000 or more; -1 is any amount");
    public Option<string> MemorySwappiness { get; } = Text("--memory-swappiness", "NUMBER", "How readily its memory is swapped, 0 to 100; -1 as the host's (cgroup v1)");
    public Option<string> CgroupParent { get; } = Text("--cgroup-parent", "PATH", "The cgroup above the container's (default: /cdock)");
    public Option<string> PidsLimit { get; } = Text("--pids-limit", "NUMBER", "The most processes and threads; -1 is any number");
    public Option<bool> OomKillDisable { get; } = Switch("--oom-kill-disable", "Without memory its processes wait, and are not killed (cgroup v1)");
    public Option<string> OomScoreAdj { get; } = Text("--oom-score-adj", "NUMBER", "How likely they are killed when the machine's memory is short, -1000 to 1000");
    public Option<string> BlkioWeight { get; } = Text("--blkio-weight", "NUMBER", "The share of the disk, 10 to 1000");
    public Option<string[]> BlkioWeightDevice { get; } = List("--blkio-weight-device", "PATH:NUMBER", "The share of one disk, 10 to 1000");
    public Option<string[]> DeviceReadBps { get; } = List("--device-read-bps", "PATH:RATE", "The most bytes a second read of a disk: /dev/sda:1mb");
    public Option<string[]> DeviceWriteBps { get; } = List("--device-write-bps", "PATH:RATE", "The most bytes a second written to a disk");
    public Option<string[]> DeviceReadIops { get; } = List("--device-read-iops", "PATH:NUMBER", "The most reads a second of a disk");
    public Option<string[]> DeviceWriteIops { get; } = List("--device-write-iops", "PATH:NUMBER", "The most writes a second to a disk");
    public Option<string[]> Ulimit { get; } = List("--ulimit", "NAME=SOFT[:HARD]", "A limit of getrlimit(2): nofile=1024");

    public Option<string[]> Device { get; } = List("--device", "PATH[:PATH][:rwm]", "Let the program use a device of the host");
    public Option<string[]> DeviceCgroupRule { get; } = List("--device-cgroup-rule", "RULE", "Allow devices by number: 'c 42:* rmw'");
    public Option<string[]> CapAdd { get; } = List("--cap-add", "CAPABILITY", "Give a capability; ALL gives every one");
    public Option<string[]> CapDrop { get; } = List("--cap-drop", "CAPABILITY", "Take a capability; ALL takes every one");
    public Option<string[]> SecurityOpt { get; } = List(
        "--security-opt", "OPTION", "seccomp=FILE|unconfined, no-new-privileges, label=disable, apparmor=unconfined, systempaths=unconfined");
    public Option<bool> Privileged { get; } = Switch("--privileged", "All capabilities and devices, no filter, nothing hidden");
    public Option<string> Nest { get; } = new("--nest")
    {
        Description = "Let it make containers itself, with cdock, as root of a user namespace that owns nothing outside; =share-images: also of the images here",
        HelpName = "share-images",
        Arity = ArgumentArity.ZeroOrOne,
    };
    public Option<string[]> Sysctl { get; } = List("--sysctl", "NAME=VALUE", "Set a kernel parameter of the container's namespaces");

    public Option<string[]> Network { get; } = List(
        "--network", "NETWORK", "Join a network: bridge, one of `cdock network ls`, none, host, container:NAME; or name=NETWORK,alias=NAME,ip=ADDRESS (default: bridge)", "--net");
    public Option<string[]> NetworkAlias { get; } = List("--network-alias", "NAME", "Another name by which containers of the network find it", "--net-alias");
    public Option<string> Ip { get; } = Text("--ip", "ADDRESS", "Its IPv4 address in the network");
    public Option<string> Ip6 { get; } = Text("--ip6", "ADDRESS", "Its IPv6 address in the network");
    public Option<string> MacAddress { get; } = Text("--mac-address", "ADDRESS", "Its hardware address in the network");
    public Option<string[]> Publish { get; } = List("--publish", "[ADDRESS:][PORT:]PORT[/PROTOCOL]", "Lead a port of the host to it: 8080:80, 127.0.0.1:53:53/udp, 5000-5010:5000-5010", "-p");
    public Option<bool> PublishAll { get; } = Switch("--publish-all", "Lead a free port of the host to each port that it exposes", "-P");
    public Option<string[]> Expose { get; } = List("--expose", "PORT[-PORT][/PROTOCOL]", "A port that it serves, for --publish-all and whoever looks");
    public Option<string[]> Dns { get; } = List("--dns", "ADDRESS", "A server that is asked for names, in place of the host's");
    public Option<string[]> DnsSearch { get; } = List("--dns-search", "DOMAIN", "Where short names are looked for, in place of the host's; . is nowhere");
    public Option<string[]> DnsOption { get; } = List("--dns-option", "OPTION", "An option of resolv.conf(5)", "--dns-opt");
    public Option<string[]> AddHost { get; } = List("--add-host", "NAME:ADDRESS", "A line of /etc/hosts; the address host-gateway is the host's");
    public Option<string> Pid { get; } = Text("--pid", "host|container:NAME", "See the host's processes, or another container's");
    public Option<string> Ipc { get; } = Text("--ipc", "private|shareable|none|host|container:NAME", "Share memory and queues with the host, or with a container that is shareable (default: private)");
    public Option<string> Uts { get; } = Text("--uts", "host", "Share the host's name");
    public Option<string> Userns { get; } = Text("--userns", "host|auto", "Users of its own, who are nobody outside (default: host)");
    public Option<string> Cgroupns { get; } = Text("--cgroupns", "private|host", "See the host's cgroups (default: private)");
    public Option<string> Isolate { get; } = Text(
        "--isolate", "none|LIST", "To learn from: make only these namespaces (uts,pid,mount,…) on the host's own files, or no container at all");

    public Option<string> Runtime { get; } = Text("--runtime", "NAME|PATH", "The OCI runtime (default: ception)");
    public Option<bool> Explain { get; } = Switch("--explain", "Tell every step of the container's making before the program starts");

    public Argument<string[]> Words { get; } = new("IMAGE")
    {
        Description = "An image, or `host` (this machine's programs, without its secrets), unless --rootfs or --bundle is given; then the command",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Those that a container can be given later too.</summary>
    public IEnumerable<Option> Limits =>
    [
        Memory, MemorySwap, MemoryReservation, Cpus, CpuShares, CpusetCpus, CpusetMems, CpuPeriod, CpuQuota, PidsLimit, BlkioWeight, DeviceReadBps,
        DeviceWriteBps, DeviceReadIops, DeviceWriteIops,
    ];

    public IEnumerable<Option> All =>
    [
        Bundle, Rootfs, Pull, Quiet, Platform, Interactive, Tty, Remove, Detach, Attach, Name, Hostname, Domainname, Annotation, LabelFile, Env, EnvFile, Workdir, User, GroupAdd, Entrypoint, Init, StopSignal,
        StopTimeout, Restart, CidFile, DetachKeys, SignalProxy, LogDriver, LogOpt, HealthCommand, HealthInterval, HealthTimeout, HealthRetries,
        HealthStartPeriod, HealthStartInterval, NoHealthCheck, Label, Volume, VolumesFrom, Mount, Tmpfs, ReadOnly, ShmSize, Memory, MemorySwap, MemoryReservation, Cpus, CpuShares, CpusetCpus, PidsLimit,
        CpusetMems, CpuPeriod, CpuQuota, MemorySwappiness, CgroupParent, OomKillDisable, OomScoreAdj, BlkioWeight, BlkioWeightDevice, DeviceCgroupRule, DeviceReadBps, DeviceWriteBps, DeviceReadIops, DeviceWriteIops, Ulimit, Device, CapAdd, CapDrop, SecurityOpt, Privileged, Nest,
        Sysctl, Network, NetworkAlias, Ip, Ip6, MacAddress, Publish, PublishAll, Expose, Dns, DnsSearch, DnsOption, AddHost, Pid, Ipc, Uts, Userns, Cgroupns, Isolate, Runtime, Explain,
    ];

    private static Option<bool> Switch(string name, string description, params string[] aliases)
        => new(name, aliases) { Description = description };

    private static Option<string> Text(string name, string value, string description, params string[] aliases)
        => new(name, aliases) { Description = description, HelpName = value };

    private static Option<string[]> List(string name, string value, string description, params string[] aliases)
        => new(name, aliases) { Description = description, HelpName = value, AllowMultipleArgumentsPerToken = false };
}
