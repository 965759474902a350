using System.Text;
using Containerception.Images;
using Containerception.Linux;

namespace Containerception.Cdock;

/// <summary>A pattern of images' names, as Go's path.Match has it: <c>*</c> and <c>?</c> do not match a slash.</summary>
internal sealed class NamePattern(string pattern)
{
    private readonly string _expression = Expression(pattern);

    /// <summary>The name with its tag, or without it.</summary>
    public bool Matches(ImageReference name)
    {
        using RegularExpression expression = new(_expression);
        return expression.IsMatch(name.FamiliarText) || expression.IsMatch(name.FamiliarName);
    }

    private static string Expression(string pattern)
    {
        StringBuilder text = new("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            int end = pattern[i] == '[' ? pattern.IndexOf(']', i + 1) : -1;
            if (end > 0)
            {
                text.Append(pattern, i, end + 1 - i);
                i = end;
                continue;
            }

            text.Append(pattern[i] switch
            {
                '*' => "[^/]*",
                '?' => "[^/]",
                char letter when char.IsAsciiLetterOrDigit(letter) || letter is '/' or '-' or '_' or ':' or '@' => letter.ToString(),
                char letter => $"[{letter}]",
            });
        }

        return text.Append('$').ToString();
    }
}
