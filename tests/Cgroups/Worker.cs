using System.Diagnostics;

namespace Containerception.Cgroups.Tests;

/// <summary>A shell that enters a container's groups as a new process does, and then runs a script there.</summary>
internal sealed class Worker : IDisposable
{
    private readonly Process _shell;

    /// <summary>Starts it outside: the script runs once it has been told <see cref="Go"/>.</summary>
    public Worker(Cgroup cgroup, string script)
    {
        // In version 1 the shell writes itself into every tasks file; in version 2 there is no such file, and cgroup.procs does.
        string doors = string.Join(' ', cgroup.Paths.Select(path => path.Key.Length == 0 ? $"{path.Value}/cgroup.procs" : $"{path.Value}/tasks").Distinct());
        ProcessStartInfo start = new("/bin/bash") { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"for door in {doors}; do echo 0 > $door; done; echo in; read go; {script}");
        _shell = Process.Start(start)!;
        Assert.Equal("in", _shell.StandardOutput.ReadLine());
    }

    public int Pid => _shell.Id;

    public void Go() => _shell.StandardInput.WriteLine();

    /// <summary>Lets it run to its end, and returns its status and all that it said.</summary>
    public (int Status, string Output) Finish()
    {
        Go();
        string output = _shell.StandardOutput.ReadToEnd() + _shell.StandardError.ReadToEnd();
        _shell.WaitForExit();
        return (_shell.ExitCode, output);
    }

    public void WaitForEnd() => _shell.WaitForExit();

    public string ReadLine() => _shell.StandardOutput.ReadLine() ?? "";

    public void Dispose()
    {
        _shell.Kill();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}
