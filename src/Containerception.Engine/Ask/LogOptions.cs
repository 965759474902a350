using System.Collections.Immutable;
using System.Globalization;

namespace Containerception.Engine;

/// <summary>What <c>--log-opt</c> may say to each driver, checked before there is a container.</summary>
internal static class LogOptions
{
    private const string Labels = "labels";
    private const string Variables = "env";

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
                ("json-file", Labels or Variables) => value,
                ("journald", "tag") when !value.Contains("{{", StringComparison.Ordinal) => value,
                ("journald", "tag") => throw new EngineException(FailureKind.Unsupported, $"--log-opt tag={value}: templates are not supported", "write it out"),
                _ => throw EngineException.Invalid(
                    $"--log-opt {name}: the driver {driver} knows no such option", driver == "json-file" ? "it knows max-size, max-file, labels and env" : null),
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
        foreach (string name in Words(options, Labels).Where(labels.ContainsKey))
        {
            attributes[name] = labels[name];
        }

        string[] variables = Words(options, Variables);
        foreach (string[] pair in (variables.Length > 0 ? environment() : []).Select(variable => variable.Split('=', 2)).Where(pair => variables.Contains(pair[0])))
        {
            attributes[pair[0]] = pair[^1];
        }

        return attributes.ToImmutable();
    }

    private static string[] Words(ImmutableSortedDictionary<string, string> options, string name)
        => options.GetValueOrDefault(name, "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

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
