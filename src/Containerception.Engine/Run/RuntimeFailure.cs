using System.Text;
using System.Text.Json;

namespace Containerception.Engine;

/// <summary>What a runtime's log says of a container that could not be started, in docker's exit codes.</summary>
internal static class RuntimeFailure
{
    private const int LogBytesMax = 1 << 20;

    // How runtimes begin, before they come to the point.
    private static readonly string[] Prefixes =
    [
        "ception run failed: ", "runc run failed: ", "run failed: ", "ception create failed: ", "runc create failed: ", "create failed: ", "exec failed: ", "unable to start container process: ",
        "error during container init: ",
    ];

    /// <summary>The last error of a log of JSON objects; null when there is none, that is: the program did run.</summary>
    public static EngineException? Read(string logPath)
    {
        if (!File.Exists(logPath))
        {
            return null;
        }

        byte[] log = File.ReadAllBytes(logPath);
        return LastError(log.AsSpan(Math.Max(0, log.Length - LogBytesMax))) is (string message, string hint) ? Translate(message, hint) : null;
    }

    /// <summary>The failure that a runtime's words mean. docker's rules: the program is missing, 127; it cannot be executed, 126.</summary>
    public static EngineException Translate(string message, string hint = "")
    {
        string text = message;
        while (Prefixes.FirstOrDefault(prefix => text.StartsWith(prefix, StringComparison.Ordinal)) is string prefix)
        {
            text = text[prefix.Length..];
        }

        bool Says(string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);
        bool isExec = Says("exec");
        FailureKind kind = isExec && (Says("not found in $PATH") || Says("no such file or directory")) ? FailureKind.ProgramNotFound
            : isExec && (Says("permission denied") || Says("is a directory") || Says("exec format error")) ? FailureKind.NotExecutable
            : FailureKind.System;
        return new EngineException(kind, text, kind switch
        {
            _ when hint.Length > 0 => hint,
            FailureKind.ProgramNotFound => "is it in the root file system, and its interpreter too?",
            FailureKind.NotExecutable => "is it a program, with its execute permission set?",
            _ => null,
        });
    }

    // JSON objects one after the other, on a line each or, since crun 1.28, on several.
    private static (string Message, string Hint)? LastError(ReadOnlySpan<byte> log)
    {
        (string Message, string Hint)? last = null;
        Utf8JsonReader reader = new(log, new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            while (reader.Read())
            {
                using JsonDocument entry = JsonDocument.ParseValue(ref reader);
                if (entry.RootElement.TryGetProperty("level", out JsonElement level) && level.GetString() is "error" or "fatal" or "panic"
                    && entry.RootElement.TryGetProperty("msg", out JsonElement msg))
                {
                    last = (msg.GetString() ?? "", entry.RootElement.TryGetProperty("hint", out JsonElement hint) ? hint.GetString() ?? "" : "");
                }
            }
        }
        catch (Exception torn) when (torn is JsonException or InvalidOperationException)
        {
            // A runtime that was killed in the middle of a line, or that does not write JSON: its words are better than none.
            last ??= (Encoding.UTF8.GetString(log).Trim(), "");
        }

        return last;
    }
}
