using Containerception.Linux;

namespace Containerception.Engine;

/// <summary>
/// Somebody else than root who runs the engine: with ids of his own in subuid(5) he is root of a user namespace of his own, in which all is
/// as for root. Only ception clones, so ception makes that namespace, and becomes this program again inside.
/// </summary>
public static class PlainUser
{
    /// <summary>Set inside, to the uid outside: where things are kept is the user's affair still, and not the machine's.</summary>
    private const string Variable = "CDOCK_ROOTLESS_UID";

    private const string Verb = "become-root";
    private const string ToldName = "one-id";

    /// <summary>The caller is not the machine's root, or is root only by <see cref="BecomeRoot"/>.</summary>
    public static bool IsOne => !Environment.IsPrivilegedProcess || IsRootOfHisOwn;

    /// <summary>This is the program inside.</summary>
    public static bool IsRootOfHisOwn
        => Environment.IsPrivilegedProcess && Environment.GetEnvironmentVariable(Variable) is not null && !Namespaces.IsInitialUser;

    /// <summary>Where a plain user's containers and images are, unless he says otherwise.</summary>
    internal static string DataDirectory
        => Path.Join(
            Environment.GetEnvironmentVariable("XDG_DATA_HOME") is ['/', ..] directory
                ? directory
                : Path.Join(Environment.GetEnvironmentVariable("HOME") ?? "/", ".local/share"),
            "cdock");

    /// <summary>What ends with the machine's run. Without a directory that the machine gives him it is below his own, and never in /tmp, where others are.</summary>
    internal static string RuntimeDirectory
        => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is ['/', ..] directory
            ? Path.Join(directory, "cdock")
            : Path.Join(DataDirectory, "run");

    /// <summary>His own systemd runs, and makes groups with limits for him: with cgroup v2, where all of a part of the tree can be handed to him.</summary>
    public static bool HasSystemd => IsRootOfHisOwn && File.Exists("/sys/fs/cgroup/cgroup.controllers")
        && Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is ['/', ..] directory && File.Exists(Path.Join(directory, "systemd/private"));

    /// <summary>Becomes this program again, as root of the user's own namespace. Returns for root.</summary>
    /// <exception cref="EngineException">There is no ception.</exception>
    public static void BecomeRoot(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (Environment.IsPrivilegedProcess)
        {
            return;
        }

        SubordinateIds ids = SubordinateIds.Find();
        string supervisor = RuntimeProgram.Supervisor();
        Processes.Execve(
            supervisor,
            [supervisor, Verb, RuntimeDirectory, ids.Uids, ids.Gids, Environment.ProcessPath!, .. arguments],
            [.. RuntimeProgram.CallersEnvironment(), $"{Variable}={Credentials.EffectiveUid}"]);
    }

    /// <summary>Whether this is a user with one id who has not been told so since his namespace was made.</summary>
    public static bool IsFirstWithOneId()
    {
        if (!IsRootOfHisOwn || !OwnIds.AreSingle)
        {
            return false;
        }

        string told = Path.Join(RuntimeDirectory, ToldName);
        string space = Files.ReadLinkAt(Descriptor.WorkingDirectory, "/proc/self/ns/user");
        if (File.Exists(told) && File.ReadAllText(told) == space)
        {
            return false;
        }

        File.WriteAllText(told, space);
        return true;
    }

    /// <summary>How one gets more ids than one, in words for a hint.</summary>
    public static string WhatItTakes()
        => !IsRootOfHisOwn ? "for more, the outer container needs more"
            : SubordinateIds.MapperOf("newuidmap") is null || SubordinateIds.MapperOf("newgidmap") is null
            ? "for more it takes newuidmap and newgidmap (Debian's package uidmap), and ids in /etc/subuid and /etc/subgid"
            : "for more it takes ids in /etc/subuid and /etc/subgid: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME, and no container that runs";
}
