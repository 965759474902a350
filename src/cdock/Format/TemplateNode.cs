using System.Collections.Immutable;

namespace Containerception.Cdock;

/// <summary>A part of a template. Its text is what an error quotes.</summary>
/// <param name="Position">Where it begins in the template, in characters.</param>
internal abstract record TemplateNode(int Position);

internal sealed record TextNode(int Position, string Text) : TemplateNode(Position);

/// <summary><c>{{.Name}}</c>: its value is written, unless it declares a variable.</summary>
internal sealed record ActionNode(int Position, PipeNode Pipe) : TemplateNode(Position);

/// <summary><c>{{break}}</c> or <c>{{continue}}</c>.</summary>
internal sealed record JumpNode(int Position, bool IsBreak) : TemplateNode(Position);

internal enum BranchKind
{
    If,
    With,
    Range,
}

/// <summary><c>{{if}}</c>, <c>{{with}}</c> or <c>{{range}}</c>, to its <c>{{end}}</c>.</summary>
internal sealed record BranchNode(
    int Position, BranchKind Kind, PipeNode Pipe, ImmutableArray<TemplateNode> Then, ImmutableArray<TemplateNode> Else) : TemplateNode(Position);

/// <summary><c>a | b</c>, perhaps the value of variables.</summary>
internal sealed record PipeNode(int Position, ImmutableArray<string> Variables, bool Declares, ImmutableArray<CommandNode> Commands) : TemplateNode(Position)
{
    public override string ToString()
        => (Variables.IsEmpty ? "" : $"{string.Join(", ", Variables)} {(Declares ? ":=" : "=")} ") + string.Join(" | ", Commands);
}

/// <summary>A value, or a function and its arguments.</summary>
internal sealed record CommandNode(int Position, ImmutableArray<TemplateNode> Words) : TemplateNode(Position)
{
    public override string ToString() => string.Join(' ', Words.Select(word => word is PipeNode ? $"({word})" : word.ToString()));
}

internal sealed record DotNode(int Position) : TemplateNode(Position)
{
    public override string ToString() => ".";
}

internal sealed record NilNode(int Position) : TemplateNode(Position)
{
    public override string ToString() => "nil";
}

/// <summary><c>.A.B</c>, from the dot.</summary>
internal sealed record FieldNode(int Position, ImmutableArray<string> Names) : TemplateNode(Position)
{
    public override string ToString() => "." + string.Join('.', Names);
}

/// <summary><c>$x.A</c>, or <c>$</c>, the root.</summary>
internal sealed record VariableNode(int Position, string Name, ImmutableArray<string> Names) : TemplateNode(Position)
{
    public override string ToString() => string.Join('.', [Name, .. Names]);
}

/// <summary><c>(…).A</c>.</summary>
internal sealed record ChainNode(int Position, PipeNode Pipe, ImmutableArray<string> Names) : TemplateNode(Position)
{
    public override string ToString() => $"({Pipe}).{string.Join('.', Names)}";
}

internal sealed record FunctionNode(int Position, string Name) : TemplateNode(Position)
{
    public override string ToString() => Name;
}

/// <summary>A text, a number or a truth, as it was written.</summary>
internal sealed record ConstantNode(int Position, object Value, string Source) : TemplateNode(Position)
{
    public override string ToString() => Source;
}
