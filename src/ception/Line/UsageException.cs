namespace Containerception.Cli;

/// <summary>The command line itself is wrong: the usage is shown with it.</summary>
internal sealed class UsageException(string message) : Exception(message);
