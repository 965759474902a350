using System.Collections.Immutable;
using System.Globalization;

namespace Containerception.Oci;

/// <summary>cpuset(7)'s list format: <c>0-3,7</c>.</summary>
public static class NumberList
{
    /// <summary>The numbers of a list, in its order; none of an empty one.</summary>
    /// <param name="list">The list.</param>
    /// <param name="max">The largest number that may be in it.</param>
    /// <param name="numbers">The result.</param>
    /// <returns>Whether it is a list.</returns>
    public static bool TryParse(string? list, int max, out ImmutableArray<int> numbers)
    {
        ImmutableArray<int>.Builder all = ImmutableArray.CreateBuilder<int>();
        numbers = [];
        foreach (string range in string.IsNullOrEmpty(list) ? [] : list.Split(','))
        {
            string[] ends = range.Split('-');
            if (ends.Length > 2 || !IsNumber(ends[0], max, out int first) || !IsNumber(ends[^1], max, out int last) || first > last)
            {
                return false;
            }

            for (int number = first; number <= last; number++)
            {
                all.Add(number);
            }
        }

        numbers = all.DrainToImmutable();
        return true;
    }

    /// <summary>The same of a list that was found good by validation.</summary>
    public static ImmutableArray<int> Parse(string? list) => TryParse(list, int.MaxValue - 1, out ImmutableArray<int> numbers)
        ? numbers
        : throw new FormatException($"not a list like 0-3,7: {list}");

    private static bool IsNumber(string digits, int max, out int number)
        => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= max;
}
