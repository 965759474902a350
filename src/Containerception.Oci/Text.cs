using System.Collections.Immutable;

namespace Containerception.Oci;

/// <summary>The small things that the records share.</summary>
internal static class Text
{
    public static ImmutableSortedDictionary<string, string> EmptyMap { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>A default array, which throws when it is touched, as the empty one.</summary>
    public static ImmutableArray<T> OrEmpty<T>(this ImmutableArray<T> array) => array.IsDefault ? [] : array;
}
