using System.Collections.Immutable;
using Containerception.Cgroups;
using Containerception.Oci;

namespace Containerception.Runtime;

/// <summary>Changes the limits of a container that is there: update.</summary>
internal static class Updater
{
    /// <summary>All changes are made, or none; the next ones are changes of these.</summary>
    public static void Update(StateDirectory directory, UpdateRequest request)
    {
        directory.Lock();
        SavedState state = directory.Load();
        using Cgroup cgroup = Cgroup.Load(state.CgroupPaths);
        if (ContainerLife.StatusOf(directory, state, cgroup) == ContainerLife.Stopped)
        {
            throw new ContainerException(FailureKind.Conflict, "container not running");
        }

        LinuxResources changes = Read(request);
        LinuxResources old = state.Resources ?? Bundle.Read(directory.LoadConfig()).Linux?.Resources ?? new LinuxResources();
        string? oldSchemata = ChangeSchemata(state, request);
        try
        {
            // A class of service needs no cgroups.
            if (oldSchemata is null || !SaysNothing(changes))
            {
                Apply(state, cgroup, changes.ChangesOf(old));
            }
        }
        catch
        {
            if (oldSchemata is not null)
            {
                state.Rdt!.Write(oldSchemata.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            }

            throw;
        }

        directory.Save(state with { Resources = old.With(changes) });
    }

    /// <summary>The one place where the limits of a container that is there are set.</summary>
    private static void Apply(SavedState state, Cgroup cgroup, LinuxResources changes)
    {
        if (state.CgroupPaths.IsEmpty)
        {
            throw new ContainerException(FailureKind.Conflict, "the container has no cgroups: its limits cannot be changed",
                "it was made with --cgroup-manager disabled, or by a user without a cgroup of his own");
        }

        cgroup.Change(changes, state.Unit);
    }

    private static LinuxResources Read(UpdateRequest request)
    {
        LinuxResources changes = request.Document is { } document ? LinuxResources.Read(document) : request.Resources;
        ConfigValidation.Validate(changes);
        return changes;
    }

    private static bool SaysNothing(LinuxResources changes) => new LinuxResources() == changes with
    {
        Devices = [],
        Memory = changes.Memory == new MemoryLimits() ? null : changes.Memory,
        Cpu = changes.Cpu == new CpuLimits() ? null : changes.Cpu,
    };

    /// <returns>What the schemata were; null when they were not changed.</returns>
    private static string? ChangeSchemata(SavedState state, UpdateRequest request)
    {
        ImmutableArray<string> lines = new IntelRdtConfig { L3CacheSchema = request.L3CacheSchema, MemBwSchema = request.MemBwSchema }.Lines;
        if (lines.IsEmpty)
        {
            return null;
        }

        ResctrlMount.Require(request.L3CacheSchema is null ? "--mem-bw-schema" : "--l3-cache-schema");
        if (state.Rdt is not { } rdt)
        {
            throw new ContainerException(FailureKind.Conflict, "the container has no class of service of its own: it was made without linux.intelRdt");
        }

        string old = rdt.Read();
        rdt.Write(lines);
        return old;
    }
}
