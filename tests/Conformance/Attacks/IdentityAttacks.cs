using System.Text.Json.Nodes;

namespace Containerception.Conformance.Tests.Attacks;

/// <summary>Who a process is and what it may do, where the image or a crooked number would have it be more.</summary>
public sealed class IdentityAttacks : ContainerTest
{
    [Fact]
    public void CVE_2016_3697_a_number_is_never_looked_up_as_a_name()
    {
        File.WriteAllText(Bundle.InRoot("/etc/passwd"), "1000:x:0:0:root:/:/bin/sh\n");
        StartDetached();
        JsonNode ids = JsonNode.Parse(Runtime.Invoke("exec", "--user", "1000", Id, "/bin/probe", "ids").Succeeded())!;
        Assert.Equal(1000, ids["uid"]![0]!.GetValue<int>());
        DeleteForced();
    }

    [Fact]
    public void CVE_2026_30892_and_2024_40635_a_user_that_is_no_number_is_not_root()
    {
        StartDetached();
        foreach (string user in (ReadOnlySpan<string>)["0x1", "-1", "+1", " 1", "1 ", "4294967295", "4294967296", "99999999999999999999", "root", "1:2:3", "1:", ":1", ":", "1:4294967295", "1e3", "१"])
        {
            Outcome outcome = Runtime.Invoke("exec", "--user", user, Id, "/bin/probe", "ids");
            Assert.True(outcome.Status != 0, $"{user}: {outcome}");
            Assert.Empty(outcome.Output);
        }

        DeleteForced();
    }

    [Theory]
    [InlineData("1", 1, 0)]
    [InlineData("1:2", 1, 2)]
    [InlineData("0001:0", 1, 0)]
    [InlineData("2147483648:4294967294", 2147483648, 4294967294)]
    public void CVE_2026_30892_a_number_is_that_user(string user, long uid, long gid)
    {
        StartDetached();
        JsonNode ids = JsonNode.Parse(Runtime.Invoke("exec", "--user", user, Id, "/bin/probe", "ids").Succeeded())!;
        Assert.Equal((uid, gid), (ids["uid"]![0]!.GetValue<long>(), ids["gid"]![0]!.GetValue<long>()));
        DeleteForced();
    }

    [Fact]
    public void CVE_2022_29162_nothing_is_inheritable_by_default()
    {
        JsonNode sets = ProbeJson("caps");
        Assert.Empty(sets["inheritable"].Strings());
        Assert.Empty(sets["ambient"].Strings());
    }

    [Fact]
    public void CVE_2016_8867_a_user_without_rights_has_no_capabilities()
    {
        Config.Set("process.user.uid", 7);
        Config.At("process").AsObject().Remove("capabilities");
        JsonNode sets = ProbeJson("caps");
        Assert.All(["effective", "permitted", "inheritable", "ambient", "bounding"], set => Assert.Empty(sets[set].Strings()));
    }

    /// <summary>A group that a file refuses is refused only while a process is in it: neither lost nor brought along.</summary>
    [Theory]
    [InlineData("run")]
    [InlineData("exec")]
    public void CVE_2022_36109_the_groups_are_those_of_the_configuration(string verb)
    {
        Config.Set("process.user", JsonNode.Parse("""{"uid": 7, "gid": 8, "additionalGids": [8, 9]}"""));
        Config.SetWords("process.args", "/bin/probe", "ids");
        Bundle.Save();
        if (verb == "exec")
        {
            StartDetached();
        }

        using Command command = Runtime.StartThrough(
            ["setpriv", "--groups", "1234,5678"], verb == "exec" ? ["exec", Id, "/bin/probe", "ids"] : ["run", "--bundle", Bundle.Path, Id]);
        JsonNode ids = JsonNode.Parse(command.Wait().Succeeded())!;
        Assert.Equal([8, 9], ids["groups"]!.AsArray().Select(group => group!.GetValue<int>()));
        if (verb == "exec")
        {
            DeleteForced();
        }
    }

    /// <summary>HOME is looked up in a file of the image, which may be anything.</summary>
    [Theory]
    [InlineData("fifo")]
    [InlineData("endless device")]
    [InlineData("huge")]
    [InlineData("folder")]
    [InlineData("link to itself")]
    [InlineData("link out")]
    [InlineData("one long line")]
    public void CVE_2026_47262_a_passwd_file_that_is_none(string what)
    {
        string path = Bundle.InRoot("/etc/passwd");
        switch (what)
        {
            case "fifo":
                Posix.MakeFifo(path);
                break;
            case "endless device":
                Command.Run("mknod", path, "c", "1", "5").Succeeded();
                break;
            case "huge":
                using (FileStream file = File.OpenWrite(path))
                {
                    file.SetLength(1L << 36);
                }

                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "link to itself":
                File.CreateSymbolicLink(path, "passwd");
                break;
            case "link out":
                File.WriteAllText(Path.Combine(Scratch, "passwd"), "a:x:0:0::/of-the-host:/\n");
                File.CreateSymbolicLink(path, "../../../../../../../../.." + Path.Combine(Scratch, "passwd"));
                break;
            default:
                File.WriteAllText(path, new string('x', 4 << 20) + ":x:0:0::/long:/\n");
                break;
        }

        StartDetached("/bin/sh", "-c", "sleep 1000");
        Assert.Equal("/", Runtime.Invoke("exec", Id, "/bin/sh", "-c", "echo $HOME").Succeeded());
        DeleteForced();
    }
}
