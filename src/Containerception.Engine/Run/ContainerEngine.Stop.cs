using Containerception.Linux;
using Containerception.Supervision;

namespace Containerception.Engine;

public sealed partial class ContainerEngine
{
    /// <summary>Asks a container's program to end, and kills it when it does not. One that does not run is left as it is.</summary>
    /// <param name="container">Its name or id.</param>
    /// <param name="signal">What asks; null for the container's own.</param>
    /// <param name="timeoutSeconds">How long it is waited for; -1 is for ever, null the container's own.</param>
    /// <returns>Its id.</returns>
    public string Stop(string container, Signal? signal, int? timeoutSeconds)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        if (Stop(definition, signal, timeoutSeconds))
        {
            Note("stop", definition);
        }

        return definition.Id;
    }

    /// <summary>Stops a container as <see cref="Stop(string, Signal?, int?)"/> does, and starts it.</summary>
    public string Restart(string container, Signal? signal, int? timeoutSeconds)
    {
        Stop(container, signal, timeoutSeconds);
        string id = Start(container);
        Note("restart", _store.Table.Find(id));
        return id;
    }

    /// <summary>Sends a signal to a container's first process. One that ends it does so for good: its restart policy does not count.</summary>
    /// <returns>The container's id.</returns>
    public string Kill(string container, Signal signal)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        using SupervisorLine line = Running(definition);
        bool ends = signal == Signal.SIGKILL || (int)signal == definition.StopSignal;
        line.Signal(signal, forGood: ends);
        Note("kill", definition, ("signal", ((int)signal).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        if (signal == Signal.SIGKILL)
        {
            line.WaitForEnd(time: null, forGood: true);
            UnplugEnded(definition);
        }

        return definition.Id;
    }

    /// <summary>Waits until a container's program has ended.</summary>
    /// <returns>Its exit code; 0 for one that was never started.</returns>
    public int Wait(string container)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        string path = _store.PathOf(definition.Id);
        using SupervisorLine? line = SupervisorLine.TryConnect(path);
        if (line is null || StatusReport.TryRead(path) is { State: "exited" })
        {
            return StatusReport.TryRead(path)?.ExitCode ?? 0;
        }

        // A supervisor that was about to leave hangs up without a word, but has written how it ended.
        return line.WaitForEnd(time: null, forGood: false)
            ?? (StatusReport.TryRead(path) is { State: "exited" } ended ? ended.ExitCode : KilledExitCode);
    }

    /// <summary>Stops all processes of a container where they are.</summary>
    public string Freeze(string container) => Ask(container, FrameKind.Pause, "pause");

    /// <summary>Lets them go on.</summary>
    public string Thaw(string container) => Ask(container, FrameKind.Resume, "unpause");

    /// <summary>Gives a container another name.</summary>
    public void Rename(string container, string name)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        Names.Checked(name);
        if (definition.Name == name)
        {
            throw EngineException.Invalid("Renaming a container with the same name as its current name");
        }

        if (!_store.Table.TryRename(definition.Id, name))
        {
            throw _store.NameTaken(name);
        }

        WriteNamesOf(definition.Id);
        Note("rename", definition with { Name = name }, ("oldName", "/" + definition.Name));
    }

    /// <summary>Attaches to a container that runs, until its program ends or the detach keys are typed.</summary>
    /// <returns>The program's exit status; 0 when it was left running.</returns>
    public int Attach(string container, AttachRequest attach)
    {
        ArgumentNullException.ThrowIfNull(attach);
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        using SupervisorLine line = Running(definition);
        using Attachment attachment = new(attach with { Stdin = attach.Stdin && definition.OpenStdin }, definition.Tty);
        attachment.Join(line.Give());
        Note("attach", definition);
        try
        {
            int? exitCode = attachment.Run();
            if (exitCode is null)
            {
                Note("detach", definition);
            }

            return exitCode ?? 0;
        }
        catch (EngineException) when (StatusReport.TryRead(_store.PathOf(definition.Id)) is { State: "exited" })
        {
            // As above.
            return StatusReport.TryRead(_store.PathOf(definition.Id))!.ExitCode;
        }
    }

    // False when there was nothing to stop.
    private bool Stop(ContainerDefinition definition, Signal? signal, int? timeoutSeconds)
    {
        using SupervisorLine? line = SupervisorLine.TryConnect(_store.PathOf(definition.Id));
        if (line is null)
        {
            return false;
        }

        int seconds = timeoutSeconds ?? definition.StopTimeoutSeconds;
        TrySignal(line, signal ?? (Signal)definition.StopSignal);
        if (line.WaitForEnd(seconds < 0 ? null : TimeSpan.FromSeconds(seconds), forGood: true) is null)
        {
            TrySignal(line, Signal.SIGKILL);
            line.WaitForEnd(time: null, forGood: true);
        }

        UnplugEnded(definition);
        return true;
    }

    private static void TrySignal(SupervisorLine line, Signal signal)
    {
        try
        {
            line.Signal(signal, forGood: true);
        }
        catch (EngineException)
        {
            // It ends at this moment, which is what was wanted.
        }
    }

    private string Ask(string container, FrameKind what, string verb)
    {
        Sweep();
        ContainerDefinition definition = _store.Table.Find(container);
        using SupervisorLine line = Running(definition);
        string? state = StatusReport.TryRead(_store.PathOf(definition.Id))?.State;
        if (state == "paused" ? what == FrameKind.Pause : what == FrameKind.Resume)
        {
            throw new EngineException(
                FailureKind.Conflict, $"cannot {verb} the container {definition.Name}: it is {(what == FrameKind.Pause ? "paused already" : "not paused")}");
        }

        line.Ask(what, []);
        return definition.Id;
    }

    private SupervisorLine Running(ContainerDefinition definition)
    {
        string path = _store.PathOf(definition.Id);
        SupervisorLine? line = SupervisorLine.TryConnect(path);
        if (line is not null && StatusReport.TryRead(path) is { State: "running" or "paused" or "restarting" })
        {
            return line;
        }

        line?.Dispose();
        throw new EngineException(FailureKind.Conflict, $"the container {definition.Name} is not running", $"`cdock start {definition.Name}` starts it");
    }
}
