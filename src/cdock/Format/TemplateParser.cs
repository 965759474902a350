using System.Collections.Immutable;

namespace Containerception.Cdock;

/// <summary>Makes a tree of a template's words, by the grammar of Go's text/template; templates within templates are left out.</summary>
internal sealed class TemplateParser
{
    // A template is a command line's word: it needs no more, and the stack of the thread bears no more than some thousands.
    private const int DepthMax = 100;

    private static readonly string[] Keywords =
        ["block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with", "true", "false"];

    private readonly string _text;
    private readonly List<TemplateToken> _tokens;
    private readonly List<string> _variables = ["$"];
    private int _at;
    private int _depth;
    private int _ranges;

    private TemplateParser(string text)
    {
        _text = text;
        _tokens = new TemplateLexer(text).Read();
    }

    /// <exception cref="TemplateException">The text is no template.</exception>
    public static ImmutableArray<TemplateNode> Parse(string text) => new TemplateParser(text).Whole();

    public static bool IsKeyword(string word) => Keywords.Contains(word);

    /// <summary>An error, with its place as Go writes it: the line, and the characters before it in that line.</summary>
    public static TemplateException Wrong(string text, int at, string what, string? hint = null)
        => new($"template: :{Place(text, at)}: {what}", isParsing: true, hint);

    public static string Place(string text, int at)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, Math.Min(at, text.Length));
        return $"{before.Count('\n') + 1}:{before.Length - before.LastIndexOf('\n') - 1}";
    }

    private ImmutableArray<TemplateNode> Whole()
    {
        ImmutableArray<TemplateNode> nodes = List(out TemplateToken end);
        return end.Kind == TokenKind.End ? nodes : throw Wrong(end, $"unexpected {{{{{end.Text}}}}}");
    }

    // Up to {{end}}, {{else}} or the end of the text, which is not part of the list.
    private ImmutableArray<TemplateNode> List(out TemplateToken end)
    {
        ImmutableArray<TemplateNode>.Builder nodes = ImmutableArray.CreateBuilder<TemplateNode>();
        while (true)
        {
            TemplateToken token = Next();
            if (token.Kind == TokenKind.Text)
            {
                nodes.Add(new TextNode(token.Position, token.Text));
                continue;
            }

            end = token.Kind == TokenKind.End ? token : PeekWord();
            if (token.Kind == TokenKind.End || end is { Kind: TokenKind.Identifier, Text: "end" or "else" })
            {
                return nodes.ToImmutable();
            }

            nodes.Add(Action());
        }
    }

    private TemplateNode Action()
    {
        TemplateToken word = PeekWord();
        switch (word.Kind == TokenKind.Identifier ? word.Text : "")
        {
            case "if":
                NextWord();
                return Branch(word, BranchKind.If);
            case "with":
                NextWord();
                return Branch(word, BranchKind.With);
            case "range":
                NextWord();
                return Branch(word, BranchKind.Range);
            case "break" or "continue":
                NextWord();
                Expect(TokenKind.RightDelimiter, $"{{{{{word.Text}}}}}");
                return _ranges > 0 ? new JumpNode(word.Position, word.Text == "break") : throw Wrong(word, $"{{{{{word.Text}}}}} outside {{{{range}}}}");
            case "define" or "template" or "block":
                throw Wrong(word, $"{{{{{word.Text}}}}} is not supported", "a format is one template; write it out");
            default:
                return new ActionNode(word.Position, Pipeline("command", TokenKind.RightDelimiter));
        }
    }

    private BranchNode Branch(TemplateToken word, BranchKind kind)
    {
        Deeper(word);
        int variables = _variables.Count;
        PipeNode pipe = Pipeline(word.Text, TokenKind.RightDelimiter);
        _ranges += kind == BranchKind.Range ? 1 : 0;
        ImmutableArray<TemplateNode> then = List(out TemplateToken end);
        _ranges -= kind == BranchKind.Range ? 1 : 0;
        ImmutableArray<TemplateNode> otherwise = [];
        if (end.Kind == TokenKind.Identifier && end.Text == "else")
        {
            NextWord();
            TemplateToken again = PeekWord();

            // {{else if x}}: one {{end}} closes both.
            if (kind != BranchKind.Range && again is { Kind: TokenKind.Identifier, Text: "if" or "with" })
            {
                NextWord();
                otherwise = [Branch(again, again.Text == "if" ? BranchKind.If : BranchKind.With)];
                Forget(variables);
                return new BranchNode(word.Position, kind, pipe, then, otherwise);
            }

            Expect(TokenKind.RightDelimiter, "else");
            otherwise = List(out end);
        }

        if (end.Kind != TokenKind.Identifier || end.Text != "end")
        {
            throw end.Kind == TokenKind.End
                ? Wrong(end, "unexpected EOF", $"{{{{{word.Text}}}}} has no {{{{end}}}}")
                : Wrong(end, $"expected end; found {{{{{end.Text}}}}}");
        }

        NextWord();
        Expect(TokenKind.RightDelimiter, "end");
        Forget(variables);
        return new BranchNode(word.Position, kind, pipe, then, otherwise);
    }

    private PipeNode Pipeline(string context, TokenKind end)
    {
        TemplateToken first = PeekWord();
        Deeper(first);
        (ImmutableArray<string> variables, bool declares) = Variables(context);
        ImmutableArray<CommandNode>.Builder commands = ImmutableArray.CreateBuilder<CommandNode>();
        while (true)
        {
            TemplateToken token = PeekWord();
            if (token.Kind == end)
            {
                NextWord();
                break;
            }

            if (!CanBegin(token.Kind))
            {
                throw Unexpected(token, context);
            }

            commands.Add(Command());
        }

        if (commands.Count == 0)
        {
            throw Wrong(first, $"missing value for {context}");
        }

        CommandNode? dull = commands.Skip(1).FirstOrDefault(command => command.Words[0] is DotNode or NilNode or ConstantNode);
        if (dull is not null)
        {
            throw Wrong(dull.Position, $"non executable command in pipeline stage {commands.IndexOf(dull) + 1}");
        }

        _depth--;
        return new PipeNode(first.Position, variables, declares, commands.ToImmutable());
    }

    // $x :=, $x =, and for range $i, $x :=.
    private (ImmutableArray<string> Names, bool Declares) Variables(string context)
    {
        int began = _at;
        List<string> names = [];
        while (PeekWord().Kind == TokenKind.Variable)
        {
            names.Add(NextWord().Text);
            TemplateToken next = PeekWord();
            if (next.Kind == TokenKind.Comma && context == "range")
            {
                if (names.Count == 2)
                {
                    throw Wrong(next, "too many declarations in range");
                }

                NextWord();
                continue;
            }

            if (next.Kind == TokenKind.Declare)
            {
                NextWord();
                _variables.AddRange(names);
                return ([.. names], true);
            }

            if (next.Kind == TokenKind.Assign)
            {
                NextWord();
                names.ForEach(name => Known(name, next));
                return ([.. names], false);
            }

            break;
        }

        _at = began;
        return ([], false);
    }

    private static bool CanBegin(TokenKind kind) => kind is TokenKind.Identifier or TokenKind.Field or TokenKind.Variable or TokenKind.Dot
        or TokenKind.TextConstant or TokenKind.CharacterConstant or TokenKind.Number or TokenKind.LeftParenthesis;

    // Up to a pipe or what ends the pipeline; a pipe is passed.
    private CommandNode Command()
    {
        ImmutableArray<TemplateNode>.Builder words = ImmutableArray.CreateBuilder<TemplateNode>();
        int position = PeekWord().Position;
        while (true)
        {
            if (Operand() is TemplateNode word)
            {
                words.Add(word);
            }

            TemplateToken token = Peek();
            switch (token.Kind)
            {
                case TokenKind.Space:
                    Next();
                    continue;
                case TokenKind.RightDelimiter or TokenKind.RightParenthesis:
                    return new CommandNode(position, words.ToImmutable());
                case TokenKind.Pipe:
                    Next();
                    return new CommandNode(position, words.ToImmutable());
                default:
                    throw Unexpected(token, "operand");
            }
        }
    }

    // A word, and the fields after it.
    private TemplateNode? Operand()
    {
        TemplateNode? word = Term();
        if (word is null || Peek().Kind != TokenKind.Field)
        {
            return word;
        }

        int position = Peek().Position;
        List<string> names = [];
        while (Peek().Kind == TokenKind.Field)
        {
            names.Add(Next().Text[1..]);
        }

        return word switch
        {
            FieldNode field => new FieldNode(position, [.. field.Names, .. names]),
            VariableNode variable => new VariableNode(position, variable.Name, [.. variable.Names, .. names]),
            PipeNode pipe => new ChainNode(position, pipe, [.. names]),
            _ => throw Wrong(position, $"unexpected . after term {GoText.Quote(word.ToString())}"),
        };
    }

    private TemplateNode? Term()
    {
        TemplateToken token = PeekWord();
        switch (token.Kind)
        {
            case TokenKind.Identifier when token.Text is "true" or "false":
                NextWord();
                return new ConstantNode(token.Position, token.Text == "true", token.Text);
            case TokenKind.Identifier when token.Text == "nil":
                NextWord();
                return new NilNode(token.Position);
            case TokenKind.Identifier when IsKeyword(token.Text):
                throw Unexpected(token, "operand");
            case TokenKind.Identifier:
                NextWord();
                return TemplateFunctions.Known.Contains(token.Text)
                    ? new FunctionNode(token.Position, token.Text)
                    : throw Wrong(token, $"function {GoText.Quote(token.Text)} not defined", $"there are {string.Join(", ", TemplateFunctions.Known)}");
            case TokenKind.Dot:
                NextWord();
                return new DotNode(token.Position);
            case TokenKind.Field:
                NextWord();
                return new FieldNode(token.Position, [token.Text[1..]]);
            case TokenKind.Variable:
                NextWord();
                Known(token.Text, token);
                return new VariableNode(token.Position, token.Text, []);
            case TokenKind.Number or TokenKind.CharacterConstant or TokenKind.TextConstant:
                NextWord();
                return new ConstantNode(
                    token.Position, GoConstant.TryRead(token) ?? throw Wrong(token, token.Kind == TokenKind.Number ? $"bad number syntax: {GoText.Quote(token.Text)}" : "invalid syntax"), token.Text);
            case TokenKind.LeftParenthesis:
                NextWord();
                return Pipeline("parenthesized pipeline", TokenKind.RightParenthesis);
            default:
                return null;
        }
    }

    private void Known(string variable, TemplateToken at)
    {
        if (!_variables.Contains(variable))
        {
            throw Wrong(at, $"undefined variable {GoText.Quote(variable)}");
        }
    }

    private void Forget(int variables)
    {
        _variables.RemoveRange(variables, _variables.Count - variables);
        _depth--;
    }

    private void Deeper(TemplateToken at)
    {
        if (++_depth > DepthMax)
        {
            throw Wrong(at, $"more than {DepthMax} blocks in one another");
        }
    }

    private void Expect(TokenKind kind, string context)
    {
        TemplateToken token = NextWord();
        if (token.Kind != kind)
        {
            throw Unexpected(token, context);
        }
    }

    private TemplateToken Peek() => _tokens[_at];

    // The last word, the end, is never passed.
    private TemplateToken Next() => _tokens[_at].Kind == TokenKind.End ? _tokens[_at] : _tokens[_at++];

    private TemplateToken PeekWord()
    {
        while (Peek().Kind == TokenKind.Space)
        {
            _at++;
        }

        return Peek();
    }

    private TemplateToken NextWord()
    {
        PeekWord();
        return Next();
    }

    private TemplateException Unexpected(TemplateToken token, string context) => Wrong(token, $"unexpected {token} in {context}");

    private TemplateException Wrong(TemplateToken token, string what, string? hint = null) => Wrong(_text, token.Position, what, hint);

    private TemplateException Wrong(int position, string what) => Wrong(_text, position, what);
}
