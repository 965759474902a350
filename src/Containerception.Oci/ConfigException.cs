namespace Containerception.Oci;

/// <summary>A document is wrong. The message is one line that names the field: <c>process.cwd: must be an absolute path, not "tmp"</c>.</summary>
public sealed class ConfigException(string field, string problem) : Exception(field.Length == 0 ? problem : $"{field}: {problem}")
{
    /// <summary>Where: <c>linux.namespaces[2].type</c>; empty for the document as a whole.</summary>
    public string Field { get; } = field;

    /// <summary>What is wrong there.</summary>
    public string Problem { get; } = problem;
}
