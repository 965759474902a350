using System.Collections;
using System.Collections.Immutable;

namespace Containerception.Engine;

/// <summary>What <c>-e</c> and <c>--env-file</c> say, as <c>NAME=value</c>. docker's rules: a bare NAME takes the caller's value, if any.</summary>
public static class EnvironmentFile
{
    private const int BytesMax = 1 << 20;

    /// <summary>Reads one <c>-e</c>; null for a bare name that the caller's environment does not have.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.Invalid"/>: no name.</exception>
    public static string? ParseVariable(string text, IDictionary callers)
    {
        int equals = text.IndexOf('=');
        return equals switch
        {
            0 => throw EngineException.Invalid($"-e {text}: invalid environment variable"),
            > 0 => text,
            _ when text.Length == 0 => throw EngineException.Invalid("-e: invalid environment variable: it is empty"),
            _ => callers[text] is string value ? $"{text}={value}" : null,
        };
    }

    /// <summary>Reads a file: one variable a line, <c>#</c> starts a comment line, blanks before the name do not count. At most 1 MiB.</summary>
    /// <exception cref="EngineException"><see cref="FailureKind.NotFound"/> or <see cref="FailureKind.Invalid"/>.</exception>
    public static ImmutableArray<string> Read(string path, IDictionary callers)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw new EngineException(FailureKind.NotFound, $"--env-file {path}: no such file");
        }

        if (file.Length > BytesMax)
        {
            throw EngineException.Invalid($"--env-file {path}: larger than {BytesMax} bytes");
        }

        ImmutableArray<string>.Builder variables = ImmutableArray.CreateBuilder<string>();
        foreach (string line in File.ReadLines(path))
        {
            string text = line.TrimStart();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            int equals = text.IndexOf('=');
            ReadOnlySpan<char> name = equals < 0 ? text : text.AsSpan(0, equals);
            if (name.Length == 0 || name.ContainsAny(' ', '\t'))
            {
                throw EngineException.Invalid($"--env-file {path}: invalid variable \"{text}\"");
            }

            if (ParseVariable(text, callers) is string variable)
            {
                variables.Add(variable);
            }
        }

        return variables.ToImmutable();
    }
}
