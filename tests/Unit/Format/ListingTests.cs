using System.Text.Json.Nodes;
using Containerception.Cdock;

namespace Containerception.Unit.Tests;

/// <summary>Lists as docker 28.5's client prints them.</summary>
public sealed class ListingTests
{
    private static readonly Dictionary<string, string> Headings = new()
    {
        ["ID"] = "CONTAINER ID",
        ["Image"] = "IMAGE",
        ["Names"] = "NAMES",
        ["Ports"] = "PORTS",
        ["Platform"] = "PLATFORM",
    };

    private static readonly Row[] Rows =
    [
        Row.Of(
            new JsonObject { ["ID"] = "aaaaaaaaaaaa", ["Names"] = "web", ["Image"] = "busybox:latest", ["Ports"] = "0.0.0.0:8080->80/tcp", ["Platform"] = null },
            new Dictionary<string, string> { ["com.x.my-name"] = "v" }),
        Row.Of(new JsonObject { ["ID"] = "bbbbbbbbbbbb", ["Names"] = "db", ["Image"] = "db", ["Ports"] = "", ["Platform"] = null }, new Dictionary<string, string>()),
    ];

    [Theory]
    [InlineData(null, "CONTAINER ID   IMAGE            PORTS                  NAMES\naaaaaaaaaaaa   busybox:latest   0.0.0.0:8080->80/tcp   web\nbbbbbbbbbbbb   db                                      db\n")]
    [InlineData("table", "CONTAINER ID   IMAGE            PORTS                  NAMES\naaaaaaaaaaaa   busybox:latest   0.0.0.0:8080->80/tcp   web\nbbbbbbbbbbbb   db                                      db\n")]
    [InlineData("{{.ID}} {{.Names}}", "aaaaaaaaaaaa web\nbbbbbbbbbbbb db\n")]
    [InlineData("{{.ID}}\\t{{.Names}}", "aaaaaaaaaaaa\tweb\nbbbbbbbbbbbb\tdb\n")]
    [InlineData(
        "table {{.ID}}\\t{{.Label \"com.x.my-name\"}}\\t{{upper .Names}}\\t{{.Platform}}",
        "CONTAINER ID   my name   NAMES     PLATFORM\naaaaaaaaaaaa   v         WEB       <nil>\nbbbbbbbbbbbb             DB        <nil>\n")]
    [InlineData(
        "table {{json .ID}}\\t{{truncate .Image 3}}\\t{{.Names | printf \"%q\"}} {{join (split .Names \"e\") \"-\"}}",
        "CONTAINER ID     IMAGE     \"NAMES\" NAMES\n\"aaaaaaaaaaaa\"   bus       \"web\" w-b\n\"bbbbbbbbbbbb\"   db        \"db\" db\n")]
    [InlineData("pretty", "pretty\npretty\n")]
    [InlineData("x {{pad .Names 1 2}}|\\n", "x  web  |\n\nx  db  |\n\n")]
    [InlineData("{{json .Ports}}", "\"0.0.0.0:8080->80/tcp\"\n\"\"\n")]
    [InlineData(
        "json",
        "{\"ID\":\"aaaaaaaaaaaa\",\"Image\":\"busybox:latest\",\"Names\":\"web\",\"Platform\":null,\"Ports\":\"0.0.0.0:8080-\\u003e80/tcp\"}\n"
        + "{\"ID\":\"bbbbbbbbbbbb\",\"Image\":\"db\",\"Names\":\"db\",\"Platform\":null,\"Ports\":\"\"}\n")]
    public void A_list_looks_as_dockers(string? format, string text)
        => Assert.Equal(text, new Listing(format, "{{.ID}}\t{{.Image}}\t{{.Ports}}\t{{.Names}}", Headings).Write(Rows));

    [Fact]
    public void An_unknown_field_is_an_error_that_names_the_known_ones()
    {
        TemplateException wrong = Assert.Throws<TemplateException>(() => new Listing("{{.Foo}}", "", Headings).Write(Rows));

        Assert.Equal("template: :1:2: executing \"\" at <.Foo>: can't evaluate field Foo", wrong.Message);
        Assert.Equal("there are ID, Image, Names, Platform, Ports", wrong.Hint);
    }

    [Fact]
    public void What_a_format_mentions_is_known_before_it_is_applied()
    {
        Assert.True(new Listing("{{if true}}{{len (printf \"%s\" .Size)}}{{end}}", "", Headings).Mentions("Size"));
        Assert.True(new Listing("json", "", Headings).Mentions("Size"));
        Assert.False(new Listing("{{.ID}}", "", Headings).Mentions("Size"));
    }

    [Theory]
    [InlineData("a\tb\tc\nlonger than ten\tb\tc\n", "a                 b         c\nlonger than ten   b         c\n")]
    [InlineData("a\tb\nno tabs\nlonger than ten\tb\n", "a         b\nno tabs\nlonger than ten   b\n")]
    [InlineData("é\tb\n", "é         b\n")]
    public void Columns_are_as_wide_as_their_cells_and_end_where_a_line_has_none(string text, string aligned)
        => Assert.Equal(aligned, TabbedText.Align(text));
}
