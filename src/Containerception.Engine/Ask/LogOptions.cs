using System.Collections.Immutable;
using System.Globalization;
using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>What <c>--log-opt</c> may say to each driver, checked before there is a container.</summary>
internal static class LogOptions
{
    private const string Labels = "labels";
    private const string Variables = "env";
    private const string PatternSuffix = "-regex";

    /// <summary>The options with sizes in bytes.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/> or <see cref="FailureKind.Unsupported"/>.</exception>
    public static ImmutableSortedDictionary<string, string> Checked(string driver, ImmutableSortedDictionary<string, string> options)
    {
        if (driver is not ("json-file" or "journald" or "none"))
        {
            throw new EngineException(FailureKind.Unsupported, $"--log-driver {driver}: there is no such log driver here", "use json-file, journald or none");
        }

        ImmutableSortedDictionary<string, string>.Builder known = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in options)
        {
            known[name] = (driver, name) switch
            {
                ("json-file", "max-size") => Size(value),
                ("json-file", "max-file") => Files(value),
                ("json-file" or "journald", Labels or Variables) => value,
                ("json-file" or "journald", Labels + PatternSuffix or Variables + PatternSuffix) => Pattern(name, value),
                ("journald", "tag") when !value.Contains("{{", StringComparison.Ordinal) => value,
                ("journald", "tag") => throw new EngineException(FailureKind.Unsupported, $"--log-opt tag={value}: templates are not supported", "write it out"),
                _ => throw EngineException.Invalid(
                    $"--log-opt {name}: the driver {driver} knows no such option", driver == "json-file" ? "it knows max-size, max-file, labels, labels-regex, env and env-regex" : null),
            };
        }

        return options.GetValueOrDefault("max-file", "1") != "1" && !options.ContainsKey("max-size")
            ? throw EngineException.Invalid("--log-opt max-file needs max-size too", "a log that is never full is never rotated")
            : known.ToImmutable();
    }

    /// <summary>What is noted beside each line, because it was asked for: labels of the container, and variables of its environment.</summary>
    public static ImmutableSortedDictionary<string, string> AttributesOf(
        ImmutableSortedDictionary<string, string> options, ImmutableSortedDictionary<string, string> labels, Func<ImmutableArray<string>> environment)
    {
        ImmutableSortedDictionary<string, string>.Builder attributes = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in Chosen(options, Labels, () => labels))
        {
            attributes[name] = value;
        }

        foreach ((string name, string value) in Chosen(options, Variables, () => environment().Select(variable => variable.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[^1]))))
        {
            attributes[name] = value;
        }

        return attributes.ToImmutable();
    }

    // Of either kind by name, by pattern, or both.
    private static KeyValuePair<string, string>[] Chosen(ImmutableSortedDictionary<string, string> options, string kind, Func<IEnumerable<KeyValuePair<string, string>>> all)
    {
        string[] names = options.GetValueOrDefault(kind, "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        using RegularExpression? pattern = options.GetValueOrDefault(kind + PatternSuffix) is string text ? new RegularExpression(text) : null;
        return names.Length == 0 && pattern is null ? [] : [.. all().Where(one => names.Contains(one.Key) || pattern?.IsMatch(one.Key) == true)];
    }

    private static string Pattern(string name, string value)
    {
        try
        {
            using RegularExpression checkedPattern = new(value);
            return value;
        }
        catch (FormatException failure)
        {
            throw EngineException.Invalid($"--log-opt {name}={value}: {failure.Message}", "it is a POSIX extended regular expression: regex(7)");
        }
    }

    private static string Size(string value)
    {
        if (value == "-1")
        {
            return long.MaxValue.ToString(CultureInfo.InvariantCulture);
        }

        ByteSize size = ByteSize.Parse(value, "--log-opt max-size");
        return size.Bytes > 0 ? size.ToString() : throw EngineException.Invalid("--log-opt max-size: it must be above zero");
    }

    private static string Files(string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= 1000
            ? value
            : throw EngineException.Invalid($"--log-opt max-file: \"{value}\" is not a number from 1 to 1000");
}
