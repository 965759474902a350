using System.Text.Json;
using System.Text.Json.Nodes;
using Containerception.Cdock;
using CsCheck;

namespace Containerception.Unit.Tests;

/// <summary>Formats that docker 28.5's client was asked for, on the same container, and what it printed.</summary>
public sealed class TemplateTests
{
    private static readonly JsonObject Container = (JsonObject)JsonNode.Parse(Golden.Bytes("docker-28-inspect.json"))!;

    public static TheoryData<string, string, string, int> Formats()
    {
        TheoryData<string, string, string, int> all = [];
        using JsonDocument formats = JsonDocument.Parse(Golden.Bytes("docker-28-inspect-formats.json"));
        foreach (JsonElement one in formats.RootElement.EnumerateArray())
        {
            all.Add(
                one.GetProperty("format").GetString()!, one.GetProperty("output").GetString()!, one.GetProperty("error").GetString()!,
                one.GetProperty("exit").GetInt32());
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_template_prints_what_docker_prints(string format, string output, string error, int exitCode)
    {
        if (exitCode == 0)
        {
            Assert.Equal(output, Template.Parse(format).Execute(Container) + "\n");
            return;
        }

        TemplateException wrong = Assert.Throws<TemplateException>(() => Template.Parse(format).Execute(Container));
        Assert.Equal(exitCode == 64, wrong.IsParsing);

        // docker says only the line of what it cannot parse.
        string[] parts = wrong.Message.Split(':', 4);
        string message = wrong.IsParsing ? $"{parts[0]}:{parts[1]}:{parts[2].Split(':')[0]}:{parts[3][parts[3].IndexOf(' ', StringComparison.Ordinal)..]}" : wrong.Message;
        Assert.Equal(error, $"template parsing error: {message}");
    }

    [Theory]
    [InlineData("a\n {{.Name | foo}}", "template: :2:11: function \"foo\" not defined")]
    [InlineData("a\n {{.State.Foo}}", "template: :2:9: executing \"\" at <.State.Foo>: map has no entry for key \"Foo\"")]
    [InlineData("{{template \"x\"}}", "template: :1:2: {{template}} is not supported")]
    public void What_is_wrong_is_told_with_its_line_and_column(string format, string message)
        => Assert.Equal(message, Assert.Throws<TemplateException>(() => Template.Parse(format).Execute(Container)).Message);

    [Fact]
    public void A_field_that_is_not_there_is_answered_with_those_that_are()
        => Assert.StartsWith("there are Dead, Error, ExitCode", Assert.Throws<TemplateException>(() => Template.Parse("{{.State.Foo}}").Execute(Container)).Hint, StringComparison.Ordinal);

    [Theory]
    [InlineData("(", ")")]
    [InlineData("{{if .Name}}", "{{end}}")]
    [InlineData("{{with .Name}}{{else with .Name}}", "")]
    public void A_template_in_a_template_in_a_template_has_an_end(string begin, string end)
    {
        string inner = string.Concat(Enumerable.Repeat(begin, 50_000)) + string.Concat(Enumerable.Repeat(end, 50_000));
        string format = begin.StartsWith('{') ? inner : $"{{{{{inner}}}}}";

        Assert.Contains("more than 100", Assert.Throws<TemplateException>(() => Template.Parse(format)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_template_or_an_error()
    {
        string[] words = ["{{", "}}", "-", " ", ".", "Name", ".State", "$", "$x", ":=", "=", "|", "(", ")", "\"", "'", "`", "\\", "if", "else", "end", "range", "with", "1", "e", "printf", "%", ",", "/*", "*/", "\n", "é"];
        Gen.Int[0, words.Length - 1].Array[0, 30].Sample(picks =>
        {
            try
            {
                Template.Parse(string.Concat(picks.Select(pick => words[pick]))).Execute(Container);
            }
            catch (TemplateException)
            {
                // An answer.
            }
        }, iter: 20_000);
    }
}
