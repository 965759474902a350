using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>What an absent field is.</summary>
internal static class Empty
{
    public static ImmutableSortedDictionary<string, string> Map { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>A default array, which throws when it is touched, as the empty one.</summary>
    public static ImmutableArray<T> OrEmpty<T>(this ImmutableArray<T> array) => array.IsDefault ? [] : array;
}
