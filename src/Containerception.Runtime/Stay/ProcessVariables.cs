using System.Collections;

namespace Containerception.Runtime;

/// <summary>This process's own environment, for the programs that it executes.</summary>
internal static class ProcessVariables
{
    /// <summary><c>NAME=value</c>.</summary>
    public static string[] All()
    {
        List<string> variables = [];
        foreach (DictionaryEntry one in Environment.GetEnvironmentVariables())
        {
            variables.Add($"{one.Key}={one.Value}");
        }

        return [.. variables];
    }
}
