using CsCheck;

namespace Containerception.Fuzz.Tests;

/// <summary>A row of numbers that decides whatever a mutation has to decide; what comes after its end is 0, the tamest choice.</summary>
internal sealed class Choices(uint[] numbers)
{
    private int _next;

    /// <summary>Short rows first when CsCheck looks for a smaller input that fails too.</summary>
    public static Gen<uint[]> Generator { get; } = Gen.UInt.Array[1, 40];

    /// <summary>From 0 up to, but not including, <paramref name="end"/>.</summary>
    public int Below(int end) => end <= 1 ? 0 : (int)(Next() % (uint)end);

    public T Of<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    /// <summary>Up to <paramref name="countMax"/> of them, in any order, some more than once.</summary>
    public T[] Some<T>(IReadOnlyList<T> list, int countMax)
    {
        T[] some = new T[Below(countMax + 1)];
        for (int i = 0; i < some.Length; i++)
        {
            some[i] = Of(list);
        }

        return some;
    }

    private uint Next() => _next < numbers.Length ? numbers[_next++] : 0;
}
