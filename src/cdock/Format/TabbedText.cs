using System.Text;

namespace Containerception.Cdock;

/// <summary>
/// Lines with tabs made into columns, as Go's text/tabwriter does for docker: a column is as wide as its widest cell and three blanks, and
/// at least ten; it ends at a line that does not have it.
/// </summary>
internal sealed class TabbedText
{
    private const int WidthMin = 10;
    private const int Gap = 3;

    private readonly List<string[]> _lines;
    private readonly List<int> _widths = [];
    private readonly StringBuilder _text = new();

    private TabbedText(string text) => _lines = [.. text.Split('\n').Select(line => line.Split('\t'))];

    public static string Align(string text)
    {
        TabbedText tabbed = new(text);
        tabbed.Format(0, tabbed._lines.Count);
        return tabbed._text.ToString();
    }

    // Lines from first up to end: those with one more column than are known make it, and are formatted with it.
    private void Format(int first, int end)
    {
        for (int line = first; line < end; line++)
        {
            if (!HasColumn(line))
            {
                continue;
            }

            Write(first, line);
            first = line;
            int width = WidthMin;
            while (line < end && HasColumn(line))
            {
                width = Math.Max(width, Width(_lines[line][_widths.Count]) + Gap);
                line++;
            }

            _widths.Add(width);
            Format(first, line);
            _widths.RemoveAt(_widths.Count - 1);
            first = line--;
        }

        Write(first, end);
    }

    // The last cell of a line has no tab behind it, and is in no column.
    private bool HasColumn(int line) => _widths.Count < _lines[line].Length - 1;

    private void Write(int first, int end)
    {
        for (int line = first; line < end; line++)
        {
            string[] cells = _lines[line];
            for (int column = 0; column < cells.Length; column++)
            {
                _text.Append(cells[column]);
                if (column < _widths.Count && column < cells.Length - 1)
                {
                    _text.Append(' ', _widths[column] - Width(cells[column]));
                }
            }

            if (line < _lines.Count - 1)
            {
                _text.Append('\n');
            }
        }
    }

    private static int Width(string cell) => cell.EnumerateRunes().Count();
}
