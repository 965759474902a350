using System.CommandLine;
using Containerception.Engine;

namespace Containerception.Cdock;

/// <summary><c>--detach-keys</c>, which several verbs have.</summary>
internal static class DetachKeysOption
{
    public static Option<string> Create() => new("--detach-keys")
    {
        Description = $"What is typed to leave the container running (default: {AttachRequest.DetachKeysDefault})",
        HelpName = "KEYS",
    };
}
