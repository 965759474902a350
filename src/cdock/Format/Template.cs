using System.Collections.Immutable;
using System.Text;

namespace Containerception.Cdock;

/// <summary>
/// What <c>--format</c> is written in: Go's text/template with docker's functions, over JSON. The words of its errors are Go's, as users of
/// docker know them.
/// </summary>
internal sealed class Template
{
    private readonly string _text;
    private readonly ImmutableArray<TemplateNode> _nodes;

    private Template(string text)
    {
        _text = text;
        _nodes = TemplateParser.Parse(text);
    }

    /// <exception cref="TemplateException">The text is no template.</exception>
    public static Template Parse(string text) => new(text);

    /// <summary>Whether a field is asked for by name: some are dear to find out.</summary>
    public bool Mentions(string field) => _nodes.Any(node => Mentions(node, field));

    /// <param name="data">A <see cref="Row"/> or a JSON object.</param>
    /// <param name="isHeading">Functions leave texts as they are: the template is applied to a table's headings.</param>
    /// <exception cref="TemplateException">The template does not fit the data.</exception>
    public string Execute(object data, bool isHeading = false)
    {
        StringBuilder output = new();
        new TemplateRun(_text, data, isHeading, output).Walk(_nodes);
        return output.ToString();
    }

    private static bool Mentions(TemplateNode node, string field) => node switch
    {
        ActionNode action => Mentions(action.Pipe, field),
        BranchNode branch => Mentions(branch.Pipe, field) || branch.Then.Concat(branch.Else).Any(one => Mentions(one, field)),
        PipeNode pipe => pipe.Commands.Any(command => command.Words.Any(word => Mentions(word, field))),
        ChainNode chain => chain.Names.Contains(field) || Mentions(chain.Pipe, field),
        FieldNode one => one.Names.Contains(field),
        VariableNode variable => variable.Names.Contains(field),

        // The whole of it: json, most of all.
        DotNode => true,
        _ => false,
    };
}
