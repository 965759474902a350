using System.Text;

namespace Containerception.Images;

/// <summary>A user of a registry.</summary>
public sealed record Credentials(string User, string Password)
{
    /// <summary>The user name by which credential helpers say that the password is a refresh token.</summary>
    public const string TokenUser = "<token>";

    internal string Basic => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
}
