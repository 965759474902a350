using System.Globalization;

namespace Containerception.Supervision;

/// <summary>When a container's program is started again after its end. docker's words.</summary>
public enum RestartKind
{
    /// <summary>Never.</summary>
    No,

    /// <summary>When it failed: its exit code was not 0.</summary>
    OnFailure,

    /// <summary>Whenever it ends, unless somebody ended it.</summary>
    Always,

    /// <summary>The same; the difference shows after a reboot.</summary>
    UnlessStopped,
}

/// <summary>A restart policy.</summary>
/// <param name="Kind">When.</param>
/// <param name="AttemptsMax">With <see cref="RestartKind.OnFailure"/>: how often in a row; 0 is without end.</param>
public sealed record RestartPolicy(RestartKind Kind, int AttemptsMax)
{
    /// <summary>docker's default.</summary>
    public static RestartPolicy Never { get; } = new(RestartKind.No, 0);

    /// <summary><c>no</c>, <c>on-failure</c>, <c>always</c> or <c>unless-stopped</c>.</summary>
    public string Name => Kind switch
    {
        RestartKind.No => "no",
        RestartKind.OnFailure => "on-failure",
        RestartKind.Always => "always",
        RestartKind.UnlessStopped => "unless-stopped",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Reads <c>no</c>, <c>always</c>, <c>unless-stopped</c> or <c>on-failure[:N]</c>; null for anything else.</summary>
    public static RestartPolicy? TryParse(string text)
    {
        string[] parts = text.Split(':');
        int attempts = 0;
        if (parts.Length > 2
            || (parts.Length == 2 && (parts[0] != "on-failure" || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out attempts))))
        {
            return null;
        }

        return parts[0] switch
        {
            "" or "no" => Never,
            "on-failure" => new RestartPolicy(RestartKind.OnFailure, attempts),
            "always" => new RestartPolicy(RestartKind.Always, 0),
            "unless-stopped" => new RestartPolicy(RestartKind.UnlessStopped, 0),
            _ => null,
        };
    }

    /// <summary>Whether a program is to be started again that ended by itself.</summary>
    /// <param name="exitCode">How it ended.</param>
    /// <param name="attempts">How often in a row it was started again.</param>
    public bool Wants(int exitCode, int attempts) => Kind switch
    {
        RestartKind.No => false,
        RestartKind.OnFailure => exitCode != 0 && (AttemptsMax == 0 || attempts < AttemptsMax),
        _ => true,
    };

    /// <summary>As it is written on a command line.</summary>
    public override string ToString() => AttemptsMax > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Name}:{AttemptsMax}") : Name;
}
