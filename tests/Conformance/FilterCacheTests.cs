using System.Text;
using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests;

/// <summary>
/// Filters that were compiled are kept below the state directory. Whether a kept one is used shows where it is another than the profile's: it is
/// forged, as only root could, of the file of another profile.
/// </summary>
public sealed class FilterCacheTests : ContainerTest
{
    private const string Ask = "4294967295";
    private const int FilesMax = 64;

    public FilterCacheTests() => Needs.Met(OciRuntime.Name == "ception", "a runtime that keeps filters there");

    private string Directory => Path.Combine(Runtime.StateDirectory, ".@filters");

    [Fact]
    public void A_second_start_loads_what_was_kept_and_is_filtered()
    {
        Assert.Equal("77", Answer(77));
        string file = Assert.Single(Files());
        byte[] kept = File.ReadAllBytes(file);
        DateTime written = File.GetLastWriteTimeUtc(file);

        Assert.Equal("77", Answer(77));

        Assert.Equal(kept, File.ReadAllBytes(file));
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Directory));
    }

    [Fact]
    public void What_stands_there_is_used_by_run_create_and_exec()
    {
        Forge(asked: 77, given: 78);
        Assert.Equal("78", Answer(77));

        Config.SetWords("process.args", "/bin/sh", "-c", $"probe try-syscall personality {Ask}; exec sleep 1000");
        Create().Succeeded();
        Runtime.Invoke("start", Id).Succeeded();
        WaitFor(() => CreatedOutput().Length > 0, "the answer");
        Assert.Equal("78", CreatedOutput().Trim());
        Assert.Equal("78", Exec());
        DeleteForced();
    }

    [Theory]
    [InlineData("another's", "chown 1000 FILE")]
    [InlineData("written by a group", "chmod g+w FILE")]
    [InlineData("written by others", "chmod o+w FILE")]
    [InlineData("a link", "mv FILE DIR/x; ln -s x FILE")]
    [InlineData("no file", "rm FILE; mkfifo FILE")]
    [InlineData("a directory", "rm FILE; mkdir FILE")]
    [InlineData("empty", ": >FILE")]
    [InlineData("cut", "truncate -s -8 FILE")]
    [InlineData("cut within an instruction", "truncate -s -3 FILE")]
    [InlineData("longer", "head -c 8 /dev/zero >>FILE")]
    [InlineData("longer than any filter", "truncate -s 40000 FILE")]
    [InlineData("damaged at its begin", "printf x | dd conv=notrunc bs=1 seek=5 of=FILE")]
    [InlineData("damaged at its end", "printf x | dd conv=notrunc bs=1 seek=$(($(stat -c %s FILE) - 1)) of=FILE")]
    [InlineData("in another's directory", "chown 1000 DIR")]
    [InlineData("in a directory that others write", "chmod 0777 DIR")]
    [InlineData("in a directory that is a link", "mv DIR DIR.x; ln -s DIR.x DIR")]
    public void What_is_odd_is_not_used(string what, string script)
    {
        string file = Forge(asked: 77, given: 78);
        script = script.Replace("FILE", file, StringComparison.Ordinal).Replace("DIR", Directory, StringComparison.Ordinal);
        Command.Run("sh", "-c", script).Succeeded();

        Assert.True(Answer(77) == "77", what);
        Assert.True(Answer(77) == "77", what);
    }

    [Fact]
    public void What_is_damaged_is_replaced()
    {
        Answer(77);
        string file = Assert.Single(Files());
        byte[] kept = File.ReadAllBytes(file);
        File.WriteAllBytes(file, kept[..^1]);

        Assert.Equal("77", Answer(77));

        Assert.Equal(kept, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_file_that_is_another_profiles_is_not_used()
    {
        string ours = Kept(77);
        string others = Kept(78);
        File.Copy(others, ours, overwrite: true);
        Assert.Equal("77", Answer(77));
    }

    [Fact]
    public void A_rule_that_changes_holds_at_once()
    {
        Assert.Equal("77", Answer(77));
        Config.Set("linux.seccomp.defaultAction", "SCMP_ACT_LOG");
        Assert.Equal("77", RunProbe());
        Config.Set("linux.seccomp.syscalls", JsonNode.Parse("""[{"names": ["personality"], "action": "SCMP_ACT_ALLOW"}]"""));
        Assert.Equal("ok", RunProbe());
    }

    [Fact]
    public void Two_profiles_in_one_place_take_turns()
    {
        Dictionary<string, int> placed = [];
        (int One, int Other)? pair = null;
        for (int errno = 1; pair is null; errno++)
        {
            string file = Kept(errno);
            pair = placed.TryGetValue(file, out int before) ? (before, errno) : null;
            placed[file] = errno;
            Assert.True(placed.Count <= FilesMax);
        }

        for (int turn = 0; turn < 2; turn++)
        {
            Assert.Equal($"{pair.Value.One}", Answer(pair.Value.One));
            Assert.Equal($"{pair.Value.Other}", Answer(pair.Value.Other));
        }

        Assert.Equal(placed.Count, Files().Length);
    }

    [Fact]
    public void A_call_that_nobody_knows_is_refused_whatever_was_kept_of_who_did_not_mind()
    {
        WithErrno(77);
        Config.Set("linux.seccomp.syscalls", JsonNode.Parse("""[{"names": ["personality", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}]"""));
        Assert.Equal("77", RunProbe());
        Config.Set("annotations", new JsonObject { ["run.oci.seccomp_fail_unknown_syscall"] = "1" });
        Outcome refused = RunArgs("/bin/true");
        Assert.NotEqual(0, refused.Status);
        Assert.Contains("no_such_call", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_that_is_wrong_is_refused_each_time_and_not_kept()
    {
        WithErrno(77);
        Config.Set("linux.seccomp.syscalls", JsonNode.Parse("""[{"names": "personality", "action": "SCMP_ACT_ERRNO"}]"""));
        for (int turn = 0; turn < 2; turn++)
        {
            Outcome refused = RunArgs("/bin/true");
            Assert.NotEqual(0, refused.Status);
            Assert.Contains("linux.seccomp.syscalls[0].names: must be an array, not a string", refused.Errors, StringComparison.Ordinal);
        }

        Assert.False(Path.Exists(Directory));
    }

    [Fact]
    public void What_was_compiled_by_others_is_not_kept()
    {
        // BPF_RET|BPF_K, SECCOMP_RET_ALLOW.
        Config.Set("annotations", new JsonObject { ["run.oci.seccomp_bpf_data"] = "BgAAAAAA/38=" });
        WithErrno(77);
        Assert.Equal("ok", RunProbe());
        Assert.False(Path.Exists(Directory));
    }

    [Fact]
    public void Where_nothing_can_be_written_it_is_done_without()
    {
        WithErrno(77);
        StartDetached();
        System.IO.Directory.Delete(Directory, recursive: true);
        string[] readOnly = ["unshare", "--mount", "sh", "-c", $"mount --bind {Scratch} {Scratch} && mount -o remount,bind,ro {Scratch} && exec \"$@\"", "sh"];
        using Command exec = Runtime.StartThrough(readOnly, "exec", Id, "/bin/probe", "try-syscall", "personality", Ask);
        Outcome outcome = exec.Wait();
        Assert.Equal("77", outcome.Succeeded());
        Assert.Equal("", outcome.Errors);
        Assert.False(Path.Exists(Directory));
        Assert.Equal("77", Exec());
        Assert.Single(Files());
        DeleteForced();
    }

    [Fact]
    public void Nobody_takes_it_for_a_container()
    {
        Answer(77);
        Assert.Equal("", Runtime.Invoke("list", "--quiet").Succeeded());
        Assert.NotEqual(0, Runtime.Invoke("state", ".@filters").Status);
        Assert.NotEqual(0, Runtime.Invoke("delete", "--force", ".@filters").Status);
        Assert.Single(Files());
    }

    /// <summary>A profile that answers one call with an error.</summary>
    private void WithErrno(int errno)
        => Config.WithSeccomp("SCMP_ACT_ALLOW", new JsonObject { ["names"] = new JsonArray("personality"), ["action"] = "SCMP_ACT_ERRNO", ["errnoRet"] = errno });

    private string Answer(int errno)
    {
        WithErrno(errno);
        return RunProbe();
    }

    private string RunProbe() => Probe("try-syscall", "personality", Ask);

    private string Exec() => Runtime.Invoke("exec", Id, "/bin/probe", "try-syscall", "personality", Ask).Succeeded();

    private string[] Files() => System.IO.Directory.GetFiles(Directory);

    /// <summary>Has the profile of an error kept, and says where.</summary>
    private string Kept(int errno)
    {
        Assert.Equal($"{errno}", Answer(errno));
        return Files().Single(file => IndexOf(File.ReadAllBytes(file), errno) >= 0);
    }

    /// <summary>Where one error was kept puts the program of another, with the first one's profile.</summary>
    private string Forge(int asked, int given)
    {
        string file = Kept(asked);
        byte[] forged = File.ReadAllBytes(Kept(given));
        Encoding.ASCII.GetBytes($"{asked}").CopyTo(forged, IndexOf(forged, given) + Text(given).Length - 2);
        File.WriteAllBytes(file, forged);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private static int IndexOf(byte[] kept, int errno) => kept.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Text(errno) + "\n"));

    private static string Text(int errno) => $"\"errnoRet\": {errno}";
}
