using System.Collections.Immutable;
using System.Text;
using Containerception.Oci;
using CsCheck;

namespace Containerception.Unit.Tests.Oci;

public sealed class ConfigReadingTests
{
    private const string Full = """
        {
            "ociVersion": "1.3.0-dev+x", "hostname": "h", "domainname": "d", "annotations": {"a.b": "c", "": "é"},
            "root": {"path": "/r"},
            "process": {
                "terminal": true, "consoleSize": {"height": 24, "width": 80}, "cwd": "/", "args": ["a", ""], "env": ["A="],
                "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4]}, "noNewPrivileges": true, "oomScoreAdj": -5,
                "capabilities": {"bounding": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]},
                "rlimits": [{"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": 1}],
                "scheduler": {"policy": "SCHED_DEADLINE", "nice": -1, "priority": 0, "flags": ["SCHED_FLAG_RECLAIM"], "runtime": 1, "deadline": 2, "period": 3},
                "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7}, "execCPUAffinity": {"initial": "0", "final": "0-1"},
                "apparmorProfile": "", "selinuxLabel": ""
            },
            "mounts": [{"destination": "/x", "type": "none", "source": "/y", "options": ["rbind", "ro"],
                "uidMappings": [{"containerID": 1, "hostID": 2, "size": 3}], "gidMappings": [{"containerID": 4, "hostID": 5, "size": 6}]}],
            "hooks": {
                "prestart": [{"path": "/1", "args": ["1"], "env": ["A=b"], "timeout": 1}], "createRuntime": [{"path": "/2"}],
                "createContainer": [{"path": "/3"}], "startContainer": [{"path": "/4"}], "poststart": [{"path": "/5"}], "poststop": [{"path": "/6"}]
            },
            "linux": {
                "namespaces": [{"type": "user"}, {"type": "time"}, {"type": "uts", "path": "/u"}, {"type": "network"}],
                "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}], "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
                "timeOffsets": {"boottime": {"secs": -7, "nanosecs": 5}}, "sysctl": {"net.ipv4.conf.eth0/1.forwarding": "1"},
                "netDevices": {"eth0": {"name": "eth%d"}},
                "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0}],
                "cgroupsPath": "/a/b", "rootfsPropagation": "rslave", "maskedPaths": ["/m"], "readonlyPaths": ["/r"],
                "personality": {"domain": "LINUX32"},
                "seccomp": {
                    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"],
                    "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/l", "listenerMetadata": "m",
                    "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1,
                        "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]}]
                },
                "resources": {
                    "devices": [{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
                    "memory": {"limit": 9, "reservation": 8, "swap": 10, "kernel": -1, "kernelTCP": 7, "swappiness": 6, "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
                    "cpu": {"shares": 1, "quota": -1, "burst": 3, "period": 4, "realtimeRuntime": 5, "realtimePeriod": 6, "cpus": "0", "mems": "0", "idle": 1},
                    "pids": {"limit": 5},
                    "blockIO": {
                        "weight": 10, "leafWeight": 11, "weightDevice": [{"major": 8, "minor": 0, "weight": 500, "leafWeight": 300}],
                        "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}], "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
                        "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}], "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]
                    },
                    "hugepageLimits": [{"pageSize": "2MB", "limit": 9}],
                    "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
                    "unified": {"memory.high": "max"}
                }
            }
        }
        """;

    [Fact]
    public void Every_field_that_is_read_is_written_again()
    {
        RuntimeConfig config = RuntimeConfig.Read(Encoding.UTF8.GetBytes(Full));
        ConfigValidation.Validate(config);

        byte[] written = config.ToJson();

        Assert.Equal(Leaves(Full), Leaves(Encoding.UTF8.GetString(written)));
        Assert.Equal(written, RuntimeConfig.Read(written).ToJson());
    }

    [Fact]
    public void Numbers_keep_all_their_digits()
    {
        RuntimeConfig config = RuntimeConfig.Read(Encoding.UTF8.GetBytes(Full));

        Assert.Equal(ulong.MaxValue, config.Process!.Rlimits[0].Hard);
        Assert.Equal(ulong.MaxValue, config.Linux!.Seccomp!.Syscalls[0].Args[0].Value);
        Assert.Equal(-7, config.Linux.TimeOffsets["boottime"].Secs);
    }

    [Theory]
    [InlineData("""{"ociVersion": "1.0.0"}""")]
    [InlineData("""{"ociVersion": "1.0.0", "mounts": null, "annotations": null, "hooks": {}, "linux": {}, "process": {"cwd": "/", "user": null, "args": null}}""")]
    public void What_is_absent_or_null_is_empty(string json)
    {
        RuntimeConfig config = RuntimeConfig.Read(Encoding.UTF8.GetBytes(json));

        Assert.Empty(config.Mounts);
        Assert.Empty(config.Annotations);
        Assert.Empty(config.Process?.Args ?? []);
        Assert.Empty(config.Linux?.Namespaces ?? []);
        Assert.Empty(config.Hooks?.Prestart ?? []);
    }

    [Fact]
    public void A_default_array_in_a_record_is_empty()
        => Assert.Empty((new ProcessConfig { Cwd = "/", Args = default } with { Env = default }).Args);

    [Fact]
    public void A_field_that_nobody_knows_is_passed_over()
        => Assert.Null(ConfigEdit.Refusal(ConfigEdit.Apply(("process.x-new", "{\"a\": [1]}"), ("zz", "1"))));

    [Theory]
    [InlineData("windows")]
    [InlineData("linux.intelRdt")]
    [InlineData("linux.resources.rdma")]
    public void What_is_not_supported_may_be_there_when_it_is_empty(string field)
        => Assert.Null(ConfigEdit.Refusal(ConfigEdit.Apply((field, "{}"))));

    [Fact]
    public void A_process_document_names_its_fields_below_process()
    {
        Assert.Equal("/x", ProcessConfig.Read("""{"cwd": "/x", "args": ["a"]}"""u8.ToArray()).Cwd);
        ConfigException wrong = Assert.Throws<ConfigException>(() => ProcessConfig.Read("""{"cwd": 7}"""u8.ToArray()));
        Assert.Equal("process.cwd: must be a string, not 7", wrong.Message);
    }

    [Fact]
    public void Any_bytes_give_a_config_or_a_refusal()
        => Gen.Byte.Array[0, 200].Sample(bytes => _ = ConfigEdit.Refusal(bytes), iter: 20_000);

    [Fact]
    public void Any_damage_to_a_config_gives_a_config_or_a_refusal()
    {
        byte[] full = Encoding.UTF8.GetBytes(Full);
        Gen.Select(Gen.Int[0, full.Length - 1], Gen.Byte, Gen.Int[0, full.Length - 1], Gen.Int[0, 40]).Sample(
            (place, value, from, count) =>
            {
                List<byte> damaged = [.. full];
                damaged[place] = value;
                damaged.RemoveRange(from, Math.Min(count, damaged.Count - from));
                _ = ConfigEdit.Refusal([.. damaged]);
            },
            iter: 5_000);
    }

    private static ImmutableSortedSet<string> Leaves(string json)
    {
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        ImmutableSortedSet<string>.Builder leaves = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        Walk("", document.RootElement);
        return leaves.ToImmutable();

        void Walk(string path, System.Text.Json.JsonElement value)
        {
            switch (value.ValueKind)
            {
                case System.Text.Json.JsonValueKind.Object:
                    foreach (System.Text.Json.JsonProperty property in value.EnumerateObject())
                    {
                        Walk($"{path}.{property.Name}", property.Value);
                    }

                    break;
                case System.Text.Json.JsonValueKind.Array:
                    int index = 0;
                    foreach (System.Text.Json.JsonElement item in value.EnumerateArray())
                    {
                        Walk($"{path}[{index++}]", item);
                    }

                    break;
                default:
                    leaves.Add($"{path}={value.GetRawText()}");
                    break;
            }
        }
    }
}
