namespace Containerception.Oci;

/// <summary>
/// <c>linux.sysctl</c>: only what belongs to a namespace of the container's own. Everything else would change the host
/// (CVE-2022-0811 set kernel.core_pattern).
/// </summary>
public static class SysctlValidation
{
    internal static void Check(LinuxConfig linux)
    {
        foreach ((string key, string value) in linux.Sysctl)
        {
            CheckGrammar(key, value);
            CheckNamespace(linux, key.Replace('/', '.'));
        }
    }

    // The key becomes a path below /proc/sys: nothing that climbs, nothing that a shell or a list would split.
    private static void CheckGrammar(string key, string value)
    {
        bool good = true;
        char last = '.';
        foreach (char letter in key)
        {
            bool isSeparator = letter is '.' or '/';
            good &= char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' || (isSeparator && last is not ('.' or '/'));
            last = letter;
        }

        Require.That(good && last is not ('.' or '/'), "linux.sysctl", $"{Require.Quote(key)} is not the name of a sysctl");
        Require.That(!value.Contains('\n', StringComparison.Ordinal), $"linux.sysctl.{key}", "must be on one line");
    }

    /// <summary>The type of the namespace that a sysctl belongs to, its name being with dots or slashes; null for none: it is the machine's.</summary>
    public static string? NamespaceOf(string key) => key.Replace('/', '.') switch
    {
        "kernel.hostname" or "kernel.domainname" => "uts",
        "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.msg_next_id" or "kernel.auto_msgmni"
            or "kernel.sem" or "kernel.sem_next_id" or "kernel.shmall" or "kernel.shmmax" or "kernel.shmmni"
            or "kernel.shm_next_id" or "kernel.shm_rmid_forced" => "ipc",
        string queue when queue.StartsWith("fs.mqueue.", StringComparison.Ordinal) => "ipc",
        string net when net.StartsWith("net.", StringComparison.Ordinal) => "network",
        string user when user.StartsWith("user.", StringComparison.Ordinal) => "user",
        _ => null,
    };

    private static void CheckNamespace(LinuxConfig linux, string name)
    {
        Require.That(name != "kernel.hostname", $"linux.sysctl.{name}", "conflicts with the field hostname: use that");
        string type = NamespaceOf(name) ?? throw new ConfigException($"linux.sysctl.{name}", "belongs to no namespace: it would change the host");
        Require.That(linux.Has(type), $"linux.sysctl.{name}", $"needs {(type is "ipc" ? "an" : "a")} {type} namespace in linux.namespaces, or it would change the host");
    }
}
