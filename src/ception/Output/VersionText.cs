using Containerception.Oci;
using Containerception.Seccomp;

namespace Containerception.Cli;

/// <summary>What <c>--version</c> prints: docker reads the last word of the first line, and the one behind "commit: ".</summary>
internal static class VersionText
{
    public static string All() => $"""
        {Program.Name} version {Build.Version}
        commit: {Build.Commit}
        spec: {Specification.VersionMax}
        dotnet: {Environment.Version}
        libseccomp: {SeccompNames.LibraryVersion}

        """;
}
