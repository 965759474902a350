using System.Text;
using Containerception.Cgroups;
using Containerception.Cli;
using Containerception.Linux;
using Containerception.Oci;
using Containerception.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Containerception.Fuzz.Tests;

/// <summary>Text of the kernel, of images, of the command line: read without an error that nobody expects, and never to mean more than it may.</summary>
public sealed class TextFuzz
{
    private static readonly string[] Options =
    [
        "", "ro", "rw", "rro", "rbind", "bind", "remount", "nosuid", "rnosuid", "suid", "noatime", "rnoatime", "strictatime", "relatime", "nosymfollow", "private", "rshared", "defaults",
        "size=1k", "mode=0755", "=", "=x", "x=", "a=b=c", "idmap", "idmap=uids=0-1-2", "tmpcopyup", "sync", "r", "rr", "rdefaults", "rsync", "\0", "\n", "ID=1", "no", "loud",
    ];

    private static readonly string[] Parts = ["system.slice", ":", "-", ".slice", "..", "a", "/", "user", "", "@", "\n", "\\x2d"];

    private static readonly string[] Properties =
    [
        "[", "]", ",", " ", "'", "\"", "\\", "@", "as", "a(sv)", "a{sv}", "(", "}", "true", "5", "-1", "0x10", "0x", "1.5", "1e400", "NaN", "18446744073709551616", "byte", "uint64", "int16",
        "double", "string", "objectpath", "signature", "'/a/b'", "'//'", "'text'", "b'bytes'", "b", "\n", "é", "@g", "@o", "@ag", new('a', 300), new('[', 40), "'" + new string('s', 256) + "'",
    ];

    private static readonly string[] Quantities =
        ["0", "1", "9", ".", "-", "+", "1.5", "99999999999999999999", "e9", "k", "M", "GiB", "ib", "b", "pb", "h", "m", "s", "ms", "us", "µs", "ns", " ", "", "0x1", "é", ":", ","];

    private static readonly string[] Words =
    [
        "-", "--", "---", "-=", "--=", "--x", "-x=", "--bundle", "-b", "--bundle=", "-b=x", "--help", "-h=false", "--detach=maybe", "-d", "--preserve-fds", "--preserve-fds=99999999999",
        "--user", "-u=0", "--env", "a", "", "\0", "\n", "--all=1", "-a", "--format=json", "--root", "--", "-1", "--cap=CAP_X", "--=v", "-", "é", "--no-pivot=TRUE",
    ];

    [Fact]
    public void A_passwd_file_gives_a_home_that_is_one_text()
        => Campaign.Run("passwd", static file =>
        {
            List<string> environment = ProcessEnvironment.Compose([], 1000, () => InMemory(file));
            string home = Assert.Single(environment);
            Assert.StartsWith("HOME=", home, StringComparison.Ordinal);
            Assert.DoesNotContain(home, letter => letter is '\0' or '\n');
            _ = UserNames.Parse(Encoding.UTF8.GetString(file).Split('\n')).NameOf(1000);
        });

    [Fact]
    public void A_mount_table_gives_trees_with_absolute_paths()
        => Campaign.Run("mountinfo", static table =>
        {
            foreach (CgroupHierarchy hierarchy in Cgroups.CgroupMounts.Parse(table))
            {
                Assert.NotEmpty(hierarchy.Controllers);
            }
        });

    [Fact]
    public void A_list_of_own_groups_gives_paths()
        => Campaign.Run("cgroup", static text =>
        {
            OwnCgroups own = new(Encoding.UTF8.GetString(text));
            CgroupHierarchy hierarchy = new("/sys/fs/cgroup/cpu", "/docker", ["cpu"]);
            AssertBelow(CgroupPath.Resolve(hierarchy, Encoding.UTF8.GetString(text), "id", new Lazy<OwnCgroups>(own)));
        });

    [Fact]
    public void A_path_of_a_systemd_unit_is_absolute_and_climbs_nowhere()
        => Campaign.Run("systemd path", static choices => string.Concat(choices.Some(Parts, 12)), static text =>
        {
            try
            {
                string path = SystemdCgroupsPath.Parse(text, "system.slice").Path;
                Assert.StartsWith("/", path, StringComparison.Ordinal);
                Assert.DoesNotContain("..", path.Split('/'));
                Assert.DoesNotContain("", path[1..].Split('/'));
            }
            catch (ConfigException)
            {
            }
        }, text => text);

    /// <summary>An annotation's value, as it goes to systemd: of what the bus would not take it hangs up, and nobody learns why.</summary>
    [Fact]
    public void A_property_of_systemd_is_a_value_or_none()
        => Campaign.Run("systemd property", static choices => string.Concat(choices.Some(Properties, 12)), static text =>
        {
            try
            {
                UnitProperty property = Assert.Single(UnitProperty.FromAnnotations(new Dictionary<string, string> { ["org.systemd.property.Something"] = text }));
                byte[] message = new DBusMessage(DBusMessageType.Call, 1) { Body = [DBusValue.Variant(property.Value)] }.Write();
                Assert.Equal(message, DBusMessage.Read(message).Write());
                Assert.NotEmpty(property.ToString());
            }
            catch (CgroupException refusal)
            {
                Assert.StartsWith("annotations[", refusal.Message, StringComparison.Ordinal);
            }
        }, text => text);

    [Fact]
    public void A_quantity_is_one_or_none()
        => Campaign.Run("quantities", static choices => string.Concat(choices.Some(Quantities, 6)), static text =>
        {
            if (ByteSize.TryParse(text, out long bytes))
            {
                Assert.InRange(bytes, -1, long.MaxValue);
            }

            _ = GoDuration.TryParse(text, out _);
        }, text => text);

    [Fact]
    public void Mount_options_are_taken_or_refused()
        => Campaign.Run("mount options", static choices => choices.Some(Options, 12), static options =>
        {
            try
            {
                MountOptions parsed = MountOptions.Parse(new MountConfig { Destination = "/x", Type = "tmpfs", Options = [.. options] });
                Assert.Equal((MountAttributes)0, parsed.Set & parsed.Clear & ~MountAttributes.MOUNT_ATTR__ATIME);
                Assert.Equal((MountAttributes)0, parsed.RecursiveSet & parsed.RecursiveClear & ~MountAttributes.MOUNT_ATTR__ATIME);
            }
            catch (ContainerException)
            {
            }
        }, options => string.Join(',', options));

    [Fact]
    public void A_command_line_is_understood_or_refused()
    {
        Verb[] verbs = Verbs.All;
        Campaign.Run("command line", choices => (Verb: choices.Of(verbs), Words: choices.Some(Words, 10)), line =>
        {
            try
            {
                ParsedFlags flags = FlagParser.Parse(line.Words, [.. line.Verb.Flags, Flag.HelpFlag], line.Verb.FlagPlace);
                line.Verb.CheckArgumentCount(flags.Arguments.Count);
            }
            catch (UsageException)
            {
            }
        }, line => $"{line.Verb.Name} {string.Join(' ', line.Words)}");
    }

    private static void AssertBelow(string path)
    {
        Assert.False(path.StartsWith('/'), path);
        Assert.DoesNotContain(path.Split('/'), name => name is "." or "..");
    }

    private static SafeFileHandle InMemory(byte[] content)
    {
        SafeFileHandle file = MemoryFiles.Create("passwd");
        FileContents.WriteAll(file, content);
        MemoryFiles.Rewind(file);
        return file;
    }
}
