using System.Collections.Immutable;
using System.Globalization;

namespace Containerception.Engine;

/// <summary>What <c>--log-opt</c> may say to each driver, checked before there is a container.</summary>
internal static class LogOptions
{
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
                ("journald", "tag") when !value.Contains("{{", StringComparison.Ordinal) => value,
                ("journald", "tag") => throw new EngineException(FailureKind.Unsupported, $"--log-opt tag={value}: templates are not supported", "write it out"),
                _ => throw EngineException.Invalid(
                    $"--log-opt {name}: the driver {driver} knows no such option", driver == "json-file" ? "it knows max-size and max-file" : null),
            };
        }

        return options.GetValueOrDefault("max-file", "1") != "1" && !options.ContainsKey("max-size")
            ? throw EngineException.Invalid("--log-opt max-file needs max-size too", "a log that is never full is never rotated")
            : known.ToImmutable();
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
