using System.Collections.Immutable;
using System.Text;
using Containerception.Cli;
using Containerception.Runtime;

namespace Containerception.Unit.Tests.Cli;

/// <summary>The formats that callers of runc read.</summary>
public sealed class OutputFormatTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 56, 2, TimeSpan.Zero);

    private static readonly ContainerStatus Container = new()
    {
        OciVersion = "1.3.0",
        Id = "c1",
        Pid = 31094,
        Status = "running",
        Bundle = "/b",
        Rootfs = "/b/rootfs",
        Created = Noon.AddTicks(1234500),
        OwnerUid = 0,
    };

    private static readonly StepRecord Step = new("mount", "mount proc on /proc", "mount(\"proc\")", "ps reads it", TimeSpan.FromTicks(123));

    private static readonly UserNames Users = UserNames.Parse(["root:x:0:0::/root:/bin/sh", "nonsense", "toor:x:0:0::/:/"]);

    [Fact]
    public void State_is_indented_by_two_has_an_empty_owner_and_no_last_newline()
        => Assert.Equal(
            """
            {
              "ociVersion": "1.3.0",
              "id": "c1",
              "pid": 31094,
              "status": "running",
              "bundle": "/b",
              "rootfs": "/b/rootfs",
              "created": "2026-11-23T12:56:02.12345Z",
              "owner": ""
            }
            """,
            Text(StatusJson.One(Container)));

    [Fact]
    public void Annotations_stand_before_the_owner()
        => Assert.Contains(
            "\"annotations\": {\n    \"a\": \"b\"\n  },\n  \"owner\": \"\"",
            Text(StatusJson.One(Container with { Annotations = ImmutableSortedDictionary<string, string>.Empty.Add("a", "b") })),
            StringComparison.Ordinal);

    [Fact]
    public void A_list_is_one_line_and_names_the_owner()
        => Assert.Equal(
            """[{"ociVersion":"1.3.0","id":"c1","pid":31094,"status":"running","bundle":"/b","rootfs":"/b/rootfs","created":"2026-11-23T12:56:02.12345Z","owner":"root"}]""" + "\n",
            Text(StatusJson.Many([Container], Users)));

    [Fact]
    public void An_empty_list_is_null() => Assert.Equal("null\n", Text(StatusJson.Many([], Users)));

    [Fact]
    public void A_table_has_columns_of_twelve_and_gaps_of_three()
        => Assert.Equal(
            "ID          PID         STATUS      BUNDLE                CREATED                      OWNER\n"
            + "c1          31094       running     /a/rather/long/path   2026-11-23T12:56:02.12345Z   #1000\n",
            ContainerTable.Of([Container with { Bundle = "/a/rather/long/path", OwnerUid = 1000 }], Users));

    [Fact]
    public void An_empty_table_has_its_head()
        => Assert.Equal("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n", ContainerTable.Of([], Users));

    [Theory]
    [InlineData("container does not exist", "time=\"2026-11-23T12:56:02Z\" level=error msg=\"container does not exist\"\n")]
    [InlineData("one", "time=\"2026-11-23T12:56:02Z\" level=error msg=one\n")]
    [InlineData("a \"b\"\n\tc\\\x01", "time=\"2026-11-23T12:56:02Z\" level=error msg=\"a \\\"b\\\"\\n\\tc\\\\\\x01\"\n")]
    public void An_error_in_text_is_logruss(string message, string line)
        => Assert.Equal(line, TextLog.Error(Noon, message, hint: null, hintOnItsOwnLine: true));

    [Fact]
    public void A_hint_is_a_line_of_its_own_for_a_reader_and_a_field_in_a_file()
    {
        Assert.EndsWith(" msg=a\nhint: try b\n", TextLog.Error(Noon, "a", "try b", hintOnItsOwnLine: true), StringComparison.Ordinal);
        Assert.EndsWith(" msg=a hint=\"try b\"\n", TextLog.Error(Noon, "a", "try b", hintOnItsOwnLine: false), StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_on_a_terminal_is_short()
        => Assert.Equal("\e[31mERRO\e[0m[0003] no\nhint: b\n", TextLog.ErrorOnTerminal(TimeSpan.FromSeconds(3.7), "no", "b"));

    [Fact]
    public void An_error_in_json_is_one_object_on_one_line()
    {
        Assert.Equal(
            """{"level":"error","msg":"a \"b\"\nc","time":"2026-11-23T12:56:02Z"}""" + "\n", JsonLog.Error(Noon, "a \"b\"\nc", hint: null));
        Assert.Equal(
            """{"level":"error","msg":"a","time":"2026-11-23T12:56:02Z","hint":"b"}""" + "\n", JsonLog.Error(Noon, "a", "b"));
    }

    [Fact]
    public void A_step_is_a_record_in_every_format()
    {
        Assert.Equal(
            """{"level":"debug","msg":"mount proc on /proc","time":"2026-11-23T12:56:02Z","step":"mount","call":"mount(\"proc\")","why":"ps reads it","us":12.3,"at":1795438562000000}""" + "\n",
            JsonLog.Step(Noon, Step));
        Assert.Equal(
            "time=\"2026-11-23T12:56:02Z\" level=debug msg=\"mount proc on /proc\" call=\"mount(\\\"proc\\\")\" step=mount us=12.3 why=\"ps reads it\"\n",
            TextLog.Step(Noon, Step));
        Assert.Equal(
            "     12 µs  mount proc on /proc\n            mount(\"proc\")\n            ps reads it\n", ExplainLog.Step(Step, isTerminal: false));
        Assert.Contains("\e[2mps reads it\e[0m\n", ExplainLog.Step(Step, isTerminal: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9", 9)]
    [InlineData("KILL", 9)]
    [InlineData("SIGKILL", 9)]
    [InlineData("sigterm", 15)]
    [InlineData("64", 64)]
    [InlineData("0", 0)]
    public void A_signal_is_a_name_or_a_number(string text, int number) => Assert.Equal(number, KillCommand.Parse(text));

    [Theory]
    [InlineData("99x")]
    [InlineData("-9")]
    [InlineData("65")]
    [InlineData("SIGNONE9")]
    [InlineData("NONE")]
    [InlineData("")]
    [InlineData("KILL, SIGTERM")]
    public void Another_signal_is_unknown(string text)
        => Assert.Equal($"unknown signal \"{text}\"", Assert.Throws<ContainerException>(() => KillCommand.Parse(text)).Message);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
