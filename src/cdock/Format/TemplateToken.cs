namespace Containerception.Cdock;

internal enum TokenKind
{
    Text,
    LeftDelimiter,
    RightDelimiter,
    Space,
    Identifier,
    Field,
    Variable,
    Dot,
    TextConstant,
    CharacterConstant,
    Number,
    Pipe,
    LeftParenthesis,
    RightParenthesis,
    Declare,
    Assign,
    Comma,
    Character,
    End,
}

/// <summary>One word of a template.</summary>
/// <param name="Kind">Which of the grammar's.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Position">Where it begins in the template, in characters.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Position)
{
    // As Go's parser quotes what it did not expect.
    public override string ToString() => Kind switch
    {
        TokenKind.End => "EOF",
        TokenKind.Dot => "<.>",
        TokenKind.Identifier when TemplateParser.IsKeyword(Text) => $"<{Text}>",
        _ when Text.Length > 10 => $"{GoText.Quote(Text[..10])}...",
        _ => GoText.Quote(Text),
    };
}
