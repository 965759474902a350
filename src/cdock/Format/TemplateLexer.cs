namespace Containerception.Cdock;

/// <summary>Cuts a template into words, by the rules of Go's text/template: text outside of <c>{{ }}</c>, words inside.</summary>
internal sealed class TemplateLexer(string text)
{
    private const string Left = "{{";
    private const string Right = "}}";
    private const string CommentBegin = "/*";
    private const string CommentEnd = "*/";
    private const int DepthMax = 100;

    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _parentheses;

    /// <exception cref="TemplateException">Something is not closed, or not a word.</exception>
    public List<TemplateToken> Read()
    {
        bool trims = false;
        while (true)
        {
            int begin = text.IndexOf(Left, _at, StringComparison.Ordinal);
            string literal = text[_at..(begin < 0 ? text.Length : begin)];
            int literalAt = _at;
            literal = trims ? literal.TrimStart(' ', '\t', '\r', '\n') : literal;
            bool trimsBefore = begin >= 0 && IsTrimMarker(begin + Left.Length);
            literal = trimsBefore ? literal.TrimEnd(' ', '\t', '\r', '\n') : literal;
            if (literal.Length > 0)
            {
                _tokens.Add(new TemplateToken(TokenKind.Text, literal, literalAt));
            }

            if (begin < 0)
            {
                _tokens.Add(new TemplateToken(TokenKind.End, "", text.Length));
                return _tokens;
            }

            _at = begin + Left.Length + (trimsBefore ? 2 : 0);
            trims = text.AsSpan(_at).StartsWith(CommentBegin, StringComparison.Ordinal) ? Comment() : Action(begin);
        }
    }

    private bool IsTrimMarker(int at) => at + 1 < text.Length && text[at] == '-' && IsSpace(text[at + 1]);

    private bool Comment()
    {
        int end = text.IndexOf(CommentEnd, _at + CommentBegin.Length, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Wrong("unclosed comment");
        }

        _at = end + CommentEnd.Length;
        bool trims = _at + 1 < text.Length && IsSpace(text[_at]) && text[_at + 1] == '-';
        _at += trims ? 2 : 0;
        if (!text.AsSpan(_at).StartsWith(Right, StringComparison.Ordinal))
        {
            throw Wrong("comment ends before closing delimiter");
        }

        _at += Right.Length;
        return trims;
    }

    // Returns whether what follows is trimmed.
    private bool Action(int begin)
    {
        _tokens.Add(new TemplateToken(TokenKind.LeftDelimiter, Left, begin));
        _parentheses = 0;
        while (true)
        {
            ReadOnlySpan<char> rest = text.AsSpan(_at);
            bool trims = rest.Length > 1 && IsSpace(rest[0]) && rest[1] == '-' && rest[2..].StartsWith(Right, StringComparison.Ordinal);
            if (trims || rest.StartsWith(Right, StringComparison.Ordinal))
            {
                if (_parentheses > 0)
                {
                    throw Wrong("unclosed left paren");
                }

                _at += trims ? 2 : 0;
                Add(TokenKind.RightDelimiter, Right.Length);
                return trims;
            }

            if (rest.IsEmpty)
            {
                throw Wrong("unclosed action");
            }

            Word(rest);
        }
    }

    private void Word(ReadOnlySpan<char> rest)
    {
        char next = rest.Length > 1 ? rest[1] : '\0';
        switch (rest[0])
        {
            case ' ' or '\t' or '\r' or '\n':
                Spaces();
                break;
            case ':' when next == '=':
                Add(TokenKind.Declare, 2);
                break;
            case ':':
                throw Wrong("expected :=");
            case '=':
                Add(TokenKind.Assign, 1);
                break;
            case '|':
                Add(TokenKind.Pipe, 1);
                break;
            case ',':
                Add(TokenKind.Comma, 1);
                break;
            case '(':
                Open();
                break;
            case ')':
                Close();
                break;
            case '"':
                Quoted('"', TokenKind.TextConstant, "unterminated quoted string");
                break;
            case '\'':
                Quoted('\'', TokenKind.CharacterConstant, "unterminated character constant");
                break;
            case '`':
                Raw();
                break;
            case '.' when !char.IsAsciiDigit(next):
                Name(TokenKind.Field);
                break;
            case '$':
                Name(TokenKind.Variable);
                break;
            case '+' or '-' or '.':
                Number();
                break;
            default:
                if (char.IsAsciiDigit(rest[0]))
                {
                    Number();
                }
                else if (IsAlphaNumeric(rest[0]))
                {
                    Name(TokenKind.Identifier);
                }
                else if (rest[0] is > ' ' and <= '~')
                {
                    Add(TokenKind.Character, 1);
                }
                else
                {
                    throw BadCharacter(rest[0], "unrecognized character in action:");
                }

                break;
        }
    }

    private void Spaces()
    {
        int length = 1;

        // The space before a trim marker belongs to it.
        while (_at + length < text.Length && IsSpace(text[_at + length]) && !text.AsSpan(_at + length + 1).StartsWith("-}}", StringComparison.Ordinal))
        {
            length++;
        }

        Add(TokenKind.Space, length);
    }

    private void Open()
    {
        if (++_parentheses > DepthMax)
        {
            throw Wrong($"more than {DepthMax} parentheses in one another");
        }

        Add(TokenKind.LeftParenthesis, 1);
    }

    private void Close()
    {
        if (--_parentheses < 0)
        {
            throw Wrong("unexpected right paren");
        }

        Add(TokenKind.RightParenthesis, 1);
    }

    private void Quoted(char quote, TokenKind kind, string unterminated)
    {
        for (int length = 1; ; length++)
        {
            if (_at + length >= text.Length || text[_at + length] == '\n')
            {
                throw Wrong(unterminated);
            }

            if (text[_at + length] == '\\')
            {
                length++;
            }
            else if (text[_at + length] == quote)
            {
                Add(kind, length + 1);
                return;
            }
        }
    }

    private void Raw()
    {
        int end = text.IndexOf('`', _at + 1);
        if (end < 0)
        {
            throw Wrong("unterminated raw quoted string");
        }

        Add(TokenKind.TextConstant, end + 1 - _at);
    }

    // A field begins with a dot, a variable with a dollar; alone they are the dot, and the root.
    private void Name(TokenKind kind)
    {
        int length = 1;
        while (_at + length < text.Length && IsAlphaNumeric(text[_at + length]))
        {
            length++;
        }

        if (_at + length < text.Length && !IsTerminator(_at + length))
        {
            throw BadCharacter(text[_at + length], "bad character");
        }

        Add(kind == TokenKind.Field && length == 1 ? TokenKind.Dot : kind, length);
    }

    private void Number()
    {
        int length = 1;
        while (_at + length < text.Length
            && (IsAlphaNumeric(text[_at + length]) || text[_at + length] == '.'
                || (text[_at + length] is '+' or '-' && char.ToLowerInvariant(text[_at + length - 1]) is 'e' or 'p')))
        {
            length++;
        }

        Add(TokenKind.Number, length);
    }

    private void Add(TokenKind kind, int length)
    {
        _tokens.Add(new TemplateToken(kind, text.Substring(_at, length), _at));
        _at += length;
    }

    private bool IsTerminator(int at)
        => IsSpace(text[at]) || text[at] is '.' or ',' or '|' or ':' or '=' or ')' or '(' || text.AsSpan(at).StartsWith(Right, StringComparison.Ordinal);

    private static bool IsSpace(char letter) => letter is ' ' or '\t' or '\r' or '\n';

    private static bool IsAlphaNumeric(char letter) => letter == '_' || char.IsLetterOrDigit(letter);

    private TemplateException BadCharacter(char letter, string what)
        => Wrong(letter is >= ' ' and <= '~' ? $"{what} U+{(int)letter:X4} '{letter}'" : $"{what} U+{(int)letter:X4}");

    private TemplateException Wrong(string what) => TemplateParser.Wrong(text, _at, what);
}
